import { objects } from '../../formats/objects.ts'
import { RDD } from '../rdd.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Like {@link saveAsTextFile}, but `readObjects` can read the elements back unchanged.
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
