import { text } from '../../formats/text.ts'
import { RDD } from '../rdd.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Writes one text file for each partition (`part-00000` and so on) and then `_SUCCESS` into the
     * directory `path`. Inside a batch the effect is exactly-once: an older attempt cannot replace
     * the files of a newer one.
     *
     * @param path A directory; it may begin with a bound name (`s3://results/x`).
     * @throws MillraceError `OUTPUT_FENCED`, `OUTPUT_EXISTS`, `OUTPUT_FAILED`, `BINDING_MISSING`.
     * @example
     * ```ts
     * counts.foreachRDD((rdd, time) =>
     *   rdd.saveAsTextFile(`s3://results/counts-${time.milliseconds}`),
     * )
     * ```
     */
    saveAsTextFile(path: string): Promise<void>
  }
}

RDD.prototype.saveAsTextFile = async function (path) {
  await this.write({ place: path, format: text })
}
