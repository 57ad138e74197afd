// The word count of the benchmark `files` for spark-shell. It says how long the job takes, without
// the start of Spark.
val startNs = System.nanoTime
spark.read.textFile(sys.env("BENCH_INPUT")).rdd
  .flatMap(_.split(" "))
  .map((_, 1))
  .reduceByKey(_ + _)
  .sortByKey()
  .map { case (word, count) => s"$word $count" }
  .saveAsTextFile(sys.env("BENCH_OUTPUT"))
println("job " + (System.nanoTime - startNs) / 1e9)
sys.exit(0)
