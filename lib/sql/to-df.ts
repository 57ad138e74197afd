import { RDD } from '../rdd/rdd.ts'
import type { DataFrame } from './data-frame.ts'
import { checkSchema, type FrameRow, type Schema } from './schema.ts'
import { SqlSession } from './session.ts'

declare module '../rdd/rdd.ts' {
  interface RDD<T> {
    /**
     * Its elements as a table, in the session of its batch. An object has a column for each field,
     * an array one for each place, and any other element is one column. Needs
     * `import 'millrace/sql'`.
     *
     * With a schema, the columns are the same in each batch, and a record whose element does not
     * fit is put aside. Without one, the elements of the batch say it: numbers are DOUBLE, dates
     * TIMESTAMP, objects and lists JSON, and so is what differs; columns without names are `_1`,
     * `_2`, or `value`. Then a batch without elements has no columns, and what a query makes of it
     * has no rows.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the schema is not allowed. When it is computed:
     * `VALUE_UNSUPPORTED` for an element that has no columns, `QUERY_FAILED`, `PACKAGE_MISSING`.
     * @example await pairs.toDF({ word: 'text', count: 'number' }).collect()
     */
    toDF<E = T>(this: RDD<E>, schema?: Schema<E>): DataFrame<FrameRow<E>>
  }
}

RDD.prototype.toDF = function <T>(this: RDD<T>, schema?: Schema<T>) {
  checkSchema('toDF', schema)
  return SqlSession.of(this).createDataFrame(this as RDD<never>, schema as never) as DataFrame<
    FrameRow<T>
  >
}
