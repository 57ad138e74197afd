import { objects } from '../../formats/objects.ts'
import { RDD } from '../rdd.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * As {@link saveAsTextFile}, but so that elements come back as they were with `readObjects`:
     * docs/object-files.md describes the format.
     *
     * @throws MillraceError `VALUE_UNSUPPORTED` for functions, symbols, instances of classes and
     * cycles; `OUTPUT_FENCED`, `OUTPUT_EXISTS`, `OUTPUT_FAILED`, `BINDING_MISSING`.
     * @example
     * ```ts
     * counts.foreachRDD((rdd, time) =>
     *   rdd.saveAsObjectFile(`s3://results/counts-${time.milliseconds}`),
     * )
     * ```
     */
    saveAsObjectFile(path: string): Promise<void>
  }
}

RDD.prototype.saveAsObjectFile = async function (path) {
  await this.write({ place: path, format: objects })
}
