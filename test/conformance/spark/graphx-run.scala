// Makes test/conformance/vectors/GraphXRun.json: what Spark's GraphX gives for generated graphs, and
// for a few small ones of special shape. Run it in the shell of Spark 3.5:
//
//   spark-shell --master "local[1]" --driver-java-options -Dout=GraphXRun.json \
//     -i test/conformance/spark/graphx-run.scala
//
// A graph is one batch of edges. Results are sorted by vertex. The vectors hold the edges too: this
// script is only needed to make new ones. It takes some minutes: each round of PageRank is a job.

import java.io.{File, PrintWriter}
import scala.collection.mutable
import org.apache.spark.graphx._
import org.apache.spark.graphx.lib.{PageRank, ShortestPaths}

sc.setLogLevel("ERROR")
type Edges = Seq[(Long, Long)]

class Lcg(var state: Long) {
  def next(): Double = { state = (state * 1103515245L + 12345L) % 2147483648L; state / 2147483648.0 }
  def below(n: Int): Long = (next() * n).toLong
}

/** Some vertices have more edges than others. There are equal edges and loops. */
def generated(seed: Long, vertices: Int, edges: Int): Edges = {
  val random = new Lcg(seed)
  Seq.fill(edges)((random.below(vertices) * random.below(vertices) / vertices * 3 - 7,
    random.below(vertices) * 3 - 7))
}

val graphs: Seq[(String, Edges)] = Seq(
  "one edge" -> Seq((1L, 2L)),
  "a loop alone" -> Seq((5L, 5L)),
  "equal edges" -> Seq((1L, 2L), (1L, 2L), (2L, 1L), (1L, 3L), (1L, 2L)),
  "a cycle" -> (0L until 6L).map(v => (v, (v + 1) % 6)),
  "a chain" -> (0L until 8L).map(v => (v, v + 1)),
  "a star inwards" -> (1L to 9L).map(v => (v, 0L)),
  "a star outwards" -> (1L to 9L).map(v => (0L, v)),
  "all to all" -> (for (a <- 0L until 6L; b <- 0L until 6L; if a != b) yield (a, b)),
  "triangles with loops and both directions" ->
    Seq((1L, 2L), (2L, 3L), (3L, 1L), (1L, 3L), (2L, 2L), (3L, 4L), (4L, 2L), (4L, 4L), (5L, 4L)),
  "two components" -> Seq((9L, 4L), (4L, 7L), (2L, 8L), (8L, 2L), (8L, 3L)),
  "a component whose least vertex is far" -> Seq((50L, 40L), (40L, 30L), (30L, 20L), (20L, -10L)),
  "generated, few edges" -> generated(3, 30, 20),
  "generated, some edges" -> generated(4, 30, 60),
  "generated, many edges" -> generated(5, 20, 150),
  "generated, more vertices" -> generated(6, 90, 200))

def number(x: Double): String = if (x.isNaN) "null" else x.toString
def list(values: Iterable[String]): String = values.mkString("[", ",", "]")
def pairs[V](vertices: VertexRDD[V])(show: V => String): String =
  list(vertices.collect().sortBy(_._1).map { case (v, x) => s"[$v,${show(x)}]" })

/** What is asked, by operation and settings: the graphs, each one batch, and what GraphX gives. */
val cases = mutable.LinkedHashMap[(String, String, String), mutable.ArrayBuffer[(Edges, String)]]()
def batch(edges: Edges): String = list(edges.map { case (a, b) => s"[$a,$b]" })
def written: String = cases.map { case ((op, settings, params), found) =>
  s"""{"suite":"GraphXRun","name":"${if (settings.isEmpty) op else s"$op, $settings"}",
"op":"graph.$op","batchIntervalMs":1000,"params":$params,
"inputBatches":${list(found.map(one => batch(one._1)))},
"expectedBatches":${list(found.map(_._2))},"compare":"ordered","origin":"spark-run-3.5",
"tolerance":1e-9,"notes":"Spark 3.5, each batch is a graph."}"""
}.mkString("[\n", ",\n", "\n]")

for ((name, edges) <- graphs) {
  val graph = Graph.fromEdges(sc.parallelize(edges.map { case (a, b) => Edge(a, b, 1) }, 1), 1).cache()
  def about(op: String, expected: String, settings: String = "", params: String = "{}"): Unit =
    cases.getOrElseUpdate((op, settings, params), mutable.ArrayBuffer()) += ((edges, expected))
  about("inDegrees", pairs(graph.inDegrees)(_.toString))
  about("outDegrees", pairs(graph.outDegrees)(_.toString))
  about("degrees", pairs(graph.degrees)(_.toString))
  about("connectedComponents", pairs(graph.connectedComponents().vertices)(_.toString))
  about("triangleCount", pairs(graph.triangleCount().vertices)(_.toString))
  for ((rounds, reset) <- Seq((12, 0.15), (3, 0.4)))
    about("staticPageRank", pairs(graph.staticPageRank(rounds, reset).vertices)(number),
      s"$rounds rounds, reset $reset", s"""{"numIter":$rounds,"resetProb":$reset}""")
  for ((tol, reset) <- Seq((0.01, 0.15), (1e-5, 0.3)))
    about("pageRank", pairs(graph.pageRank(tol, reset).vertices)(number),
      s"tolerance $tol, reset $reset", s"""{"tol":$tol,"resetProb":$reset}""")
  val source = edges(edges.size / 2)._1
  about("staticPersonalizedPageRank",
    pairs(graph.staticPersonalizedPageRank(source, 6, 0.15).vertices)(number),
    s"from $source", s"""{"source":$source,"numIter":6,"resetProb":0.15}""")
  about("personalizedPageRank",
    pairs(graph.personalizedPageRank(source, 1e-4, 0.2).vertices)(number),
    s"from $source", s"""{"source":$source,"tol":1e-4,"resetProb":0.2}""")
  val landmarks = Seq(edges.head._2, edges.last._1, edges(edges.size / 2)._2, 1000L).distinct
  about("shortestPaths",
    pairs(ShortestPaths.run(graph, landmarks).vertices)(found =>
      list(found.toSeq.sorted.map { case (landmark, hops) => s"[$landmark,$hops]" })),
    s"to ${landmarks.mkString(" ")}", s"""{"landmarks":${list(landmarks.map(_.toString))}}""")
  graph.unpersist()
  println(name)
  val out = new PrintWriter(new File(sys.props.getOrElse("out", "GraphXRun.json")))
  out.println(written)
  out.close()
}
sys.exit(0)
