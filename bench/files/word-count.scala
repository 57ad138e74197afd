// The word count of the benchmark `files` for spark-shell. It says how long the job takes, and how
// much of the processor, without the start of Spark; and the most memory that the process had.
val bean = java.lang.management.ManagementFactory.getOperatingSystemMXBean
  .asInstanceOf[com.sun.management.OperatingSystemMXBean]
val startNs = System.nanoTime
val startCpuNs = bean.getProcessCpuTime
spark.read.textFile(sys.env("BENCH_INPUT")).rdd
  .flatMap(_.split(" "))
  .map((_, 1))
  .reduceByKey(_ + _)
  .sortByKey()
  .map { case (word, count) => s"$word $count" }
  .saveAsTextFile(sys.env("BENCH_OUTPUT"))
println("job " + (System.nanoTime - startNs) / 1e9)
println("processor " + (bean.getProcessCpuTime - startCpuNs) / 1e9)
// Only Linux says it.
val status = scala.util.Try(scala.io.Source.fromFile("/proc/self/status").mkString).getOrElse("")
"VmHWM:\\s+(\\d+)".r.findFirstMatchIn(status).foreach(m => println("peak " + m.group(1).toLong * 1024 / 1e6))
sys.exit(0)
