// Makes test/conformance/vectors/MLlibRun.json: what Spark's streaming MLlib gives for generated
// data. Run it in the shell of Spark 3.5:
//
//   spark-shell --master "local[2]" --driver-java-options -Dout=MLlibRun.json \
//     -i test/conformance/spark/mllib-run.scala
//
// All cases run in one streaming context, each with a queue of its own, one RDD of one partition a
// batch. The data come from a linear congruential generator and have three decimals, so that
// everybody can read them. The vectors hold them too: this script is only needed to make new ones.

import java.io.{File, PrintWriter}
import scala.collection.mutable
import org.apache.spark.mllib.clustering.StreamingKMeans
import org.apache.spark.mllib.linalg.{Vector, Vectors}
import org.apache.spark.mllib.regression.{LabeledPoint, StreamingLinearRegressionWithSGD}
import org.apache.spark.mllib.classification.StreamingLogisticRegressionWithSGD
import org.apache.spark.mllib.stat.test.{BinarySample, StreamingTest}
import org.apache.spark.rdd.RDD
import org.apache.spark.streaming.{Milliseconds, StreamingContext}

sc.setLogLevel("ERROR")
@transient val ssc = new StreamingContext(sc, Milliseconds(1000))
ssc.checkpoint(java.nio.file.Files.createTempDirectory("mllib-run").toString)
val batches = 6

class Lcg(var state: Long) {
  def next(): Double = { state = (state * 1103515245L + 12345L) % 2147483648L; state / 2147483648.0 }
  def around(center: Double, width: Double): Double =
    math.round((center + width * (next() + next() + next() - 1.5)) * 1000) / 1000.0
}

type Results = mutable.ArrayBuffer[String]
@transient val waiting = mutable.ArrayBuffer[Results]()
@transient val cases = mutable.ArrayBuffer[(String, () => String)]()

def nums(values: Iterable[Double]): String =
  values.map(x => if (x.isNaN) "null" else x.toString).mkString("[", ",", "]")
def vec(v: Vector): String = nums(v.toArray)
def list(values: Iterable[String]): String = values.mkString("[", ",", "]")

def add(op: String, name: String, params: String, input: Seq[String], results: Results): Unit = {
  waiting += results
  cases += ((name, () =>
    s"""{"suite":"MLlibRun","name":"$name","op":"$op","batchIntervalMs":1000,"params":$params,
"inputBatches":${list(input)},
"expectedBatches":${list(results.take(batches))},
"compare":"ordered","origin":"spark-run-3.5","tolerance":1e-9,"notes":"Spark 3.5, generated data."}"""))
}

def queue[T: scala.reflect.ClassTag](data: Seq[Seq[T]]) = {
  val rdds = mutable.Queue[RDD[T]]()
  data.foreach(batch => rdds += sc.parallelize(batch, 1))
  ssc.queueStream(rdds, oneAtATime = true)
}

// K-means: the model after each batch, and the clusters of the batch by that model.
def kmeans(name: String, seed: Long, dim: Int, params: String, sizes: Seq[Int],
    set: StreamingKMeans => StreamingKMeans): Unit = {
  val random = new Lcg(seed)
  val data = sizes.map(n => Seq.tabulate(n)(i =>
    Vectors.dense(Array.fill(dim)(random.around(if (i % 3 == 0) -4 else (i % 3) * 3, 1.5)))))
  val model = set(new StreamingKMeans())
  val results = new Results
  val stream = queue(data)
  model.trainOn(stream)
  model.predictOn(stream).foreachRDD { rdd =>
    val latest = model.latestModel()
    val clusters = rdd.collect().mkString("[", ",", "]")
    results += s"""[{"centers":${list(latest.clusterCenters.map(vec))},""" +
      s""""weights":${nums(latest.clusterWeights)},"predictions":$clusters}]"""
  }
  add("streamingKMeans.trainOn", name, params, data.map(b => list(b.map(vec))), results)
}

val sizes = Seq(9, 7, 0, 1, 12, 8)
for ((unit, half) <- Seq(("batches", 2.0), ("points", 15.0), ("batches", 0.2)))
  kmeans(s"k-means, half-life of $half $unit", 7 + half.toLong, 3,
    s"""{"k":3,"halfLife":[$half,"$unit"],"dim":3,"weight":1.5,"seed":42}""", sizes,
    _.setK(3).setHalfLife(half, unit).setRandomCenters(3, 1.5, 42L))
kmeans("k-means, decay of 0", 3, 2,
  """{"k":4,"decayFactor":0.0,"dim":2,"weight":0.0,"seed":-7}""", sizes,
  _.setK(4).setDecayFactor(0.0).setRandomCenters(2, 0.0, -7L))
kmeans("k-means, a cluster dies", 5, 1,
  """{"k":2,"decayFactor":0.001,"initialCenters":[[0.0],[1000.0]],"initialWeights":[1.0,1.0]}""",
  sizes, _.setK(2).setDecayFactor(0.001)
    .setInitialCenters(Array(Vectors.dense(0.0), Vectors.dense(1000.0)), Array(1.0, 1.0)))

// Regressions: the weights after each batch.
def labels(seed: Long, truth: Array[Double], label: (Double, Lcg) => Double) = {
  val random = new Lcg(seed)
  Seq(20, 15, 0, 1, 40, 25).map(n => Seq.fill(n) {
    val x = truth.map(_ => random.around(0, 1))
    LabeledPoint(label(x.zip(truth).map { case (a, b) => a * b }.sum, random), Vectors.dense(x))
  })
}
def pointsOf(data: Seq[Seq[LabeledPoint]]) =
  data.map(b => list(b.map(p => s"""{"label":${p.label},"features":${vec(p.features)}}""")))

for ((step, iterations, fraction, reg, tol) <- Seq(
    (0.2, 25, 1.0, 0.0, 0.001), (0.5, 50, 1.0, 0.3, 0.0), (0.1, 30, 0.3, 0.0, 0.001),
    (0.1, 20, 0.7, 0.0, 0.0), (0.3, 40, 1.0, 0.0, 0.05))) {
  val truth = Array(2.0, -3.0, 0.5)
  val settings = s""""stepSize":$step,"numIterations":$iterations,"miniBatchFraction":$fraction,""" +
    s""""regParam":$reg"""
  val linear = labels(11 + iterations, truth, (y, random) => random.around(y, 0.1))
  val regression = new StreamingLinearRegressionWithSGD().setStepSize(step)
    .setNumIterations(iterations).setMiniBatchFraction(fraction).setRegParam(reg)
    .setConvergenceTol(tol).setInitialWeights(Vectors.dense(0.0, 0.1, 0.0))
  val weights = new Results
  val points = queue(linear)
  regression.trainOn(points)
  points.foreachRDD { _ => weights += list(Seq(vec(regression.latestModel().weights))) }
  add("streamingLinearRegression.trainOn", s"linear, $step $iterations $fraction $reg $tol",
    s"""{$settings,"convergenceTol":$tol,"initialWeights":[0.0,0.1,0.0]}""", pointsOf(linear), weights)

  val classes = labels(5 + iterations, truth,
    (y, random) => if (random.next() < 1 / (1 + math.exp(-y))) 1.0 else 0.0)
  val logistic = new StreamingLogisticRegressionWithSGD().setStepSize(step)
    .setNumIterations(iterations).setMiniBatchFraction(fraction).setRegParam(reg)
    .setInitialWeights(Vectors.dense(0.0, 0.1, 0.0))
  val learned = new Results
  val labelled = queue(classes)
  logistic.trainOn(labelled)
  labelled.foreachRDD { _ => learned += list(Seq(vec(logistic.latestModel().weights))) }
  add("streamingLogisticRegression.trainOn", s"logistic, $step $iterations $fraction $reg $tol",
    s"""{$settings,"initialWeights":[0.0,0.1,0.0]}""", pointsOf(classes), learned)
}

// Tests: p value, degrees of freedom and statistic of each batch.
for (method <- Seq("welch", "student"); window <- Seq(0, 2); shift <- Seq(0.0, 0.4)) {
  val random = new Lcg(21 + window)
  val data = Seq(8, 5, 0, 20, 12, 50).zipWithIndex.map { case (n, batch) => Seq.tabulate(n)(i =>
    BinarySample(batch != 4 && i % 3 == 0, random.around(if (i % 3 == 0) shift else 0, 1 + i % 2))) }
  val results = new Results
  val test = new StreamingTest().setPeacePeriod(0).setWindowSize(window).setTestMethod(method)
  test.registerStream(queue(data)).foreachRDD { rdd =>
    results += list(rdd.collect().map(r => nums(Seq(r.pValue, r.degreesOfFreedom, r.statistic))))
  }
  add("streamingTest.registerStream", s"test, $method $window $shift",
    s"""{"peacePeriod":0,"windowSize":$window,"testMethod":"$method"}""",
    data.map(b => list(b.map(s => s"[${s.isExperiment},${s.value}]"))), results)
}

ssc.start()
while (waiting.exists(_.size < batches)) Thread.sleep(500)
ssc.stop(stopSparkContext = false, stopGracefully = false)
val out = new PrintWriter(new File(sys.props.getOrElse("out", "MLlibRun.json")))
out.println(cases.map(_._2()).mkString("[\n", ",\n", "\n]"))
out.close()
sys.exit(0)
