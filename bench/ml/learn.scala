// One batch of streaming k-means and of linear regression in Spark, the data in memory. Prints the
// milliseconds of each round. The data are those of ml.ts.
import org.apache.spark.mllib.clustering.StreamingKMeansModel
import org.apache.spark.mllib.linalg.Vectors
import org.apache.spark.mllib.optimization.{GradientDescent, LeastSquaresGradient, SimpleUpdater}

sc.setLogLevel("ERROR")
val Array(points, dim, k, rounds) =
  sys.env("BENCH_ML").split(",").map(_.toInt)

def value(i: Int, j: Int): Double = ((i * 31L + j * 17L) * 2654435761L % 1000003L) / 1000003.0
val data = sc.parallelize(0 until points, sc.defaultParallelism)
  .map(i => Vectors.dense(Array.tabulate(dim)(j => value(i, j)))).cache()
val labelled = data.map(v => (v.toArray.sum, v)).cache()
data.count(); labelled.count()

def timed(name: String)(run: => Unit): Unit = {
  val start = System.nanoTime
  run
  println(s"figure $name ${(System.nanoTime - start) / 1e6}")
}
for (_ <- 1 to rounds) {
  val centers = Array.tabulate(k)(i => Vectors.dense(Array.tabulate(dim)(j => value(i * 7919, j))))
  timed("kmeans") {
    new StreamingKMeansModel(centers, Array.fill(k)(1.0)).update(data, 1.0, "batches")
  }
  timed("regression") {
    GradientDescent.runMiniBatchSGD(labelled, new LeastSquaresGradient, new SimpleUpdater,
      0.1, 20, 0.0, 1.0, Vectors.zeros(dim), 0.001)
  }
}
sys.exit(0)
