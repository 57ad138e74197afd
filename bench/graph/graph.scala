// The graph of graph.ts in Spark's GraphX, the edges in memory. Prints the milliseconds of each
// round.
import org.apache.spark.graphx._
import org.apache.spark.graphx.lib.ShortestPaths

sc.setLogLevel("ERROR")
val Array(edges, vertices, steps, rounds) = sys.env("BENCH_GRAPH").split(",").map(_.toInt)

var state = 7L
def next(): Double = { state = (state * 1103515245L + 12345L) % 2147483648L; state / 2147483648.0 }
val pairs = sc.parallelize(Array.fill(edges) {
  Edge((next() * next() * vertices).toLong, (next() * vertices).toLong, 1)
}, sc.defaultParallelism).cache()
pairs.count()

def timed(name: String)(run: => Long): Unit = {
  val start = System.nanoTime
  run
  println(s"figure $name ${(System.nanoTime - start) / 1e6}")
}
for (_ <- 1 to rounds) {
  val graph = Graph.fromEdges(pairs, 1).cache()
  timed("edges") { graph.vertices.count() + graph.edges.count() }
  timed("degrees") { graph.degrees.count() }
  timed("components") { graph.connectedComponents().vertices.count() }
  timed("pagerank") { graph.staticPageRank(steps).vertices.count() }
  timed("triangles") { graph.triangleCount().vertices.count() }
  timed("paths") { ShortestPaths.run(graph, Seq(0L, 7L)).vertices.count() }
  graph.unpersist()
}
sys.exit(0)
