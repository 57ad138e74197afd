/**
 * Stages that begin with what the driver has computed: after `repartition`, or after a reduction.
 * Their records are in no source, so a task that goes to an executor takes those of its partition
 * along. That pays only if the work for each record is slow. The first tasks show whether it is.
 */
import { decode, encode } from '../../base/codec.ts'
import type { Partition } from '../../rdd/partition.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { type Column, columnOf, valuesOf } from './columns.ts'

/** The elements that the tasks of a stage begin with. */
export interface GivenElements {
  /** The id of the node whose elements they are. */
  readonly node: string
  /** Those of the partition with the number of the task, as bytes. */
  readonly of: (index: number) => Promise<Uint8Array>
}

/** The elements of an RDD. */
export const givenElements = (node: string, rdd: RDD<unknown>): GivenElements => ({
  node,
  of: async (index) => encode(columnOf(await rdd.elements(index))),
})

/** The partitions of the node in an executor. The task uses no other one than its own. */
export const givenPartitions = (
  data: Uint8Array,
  { index, count }: { readonly index: number; readonly count: number },
): readonly Partition<unknown>[] =>
  Array.from({ length: count }, (_, one) => ({
    records: one === index ? valuesOf(decode(data) as Column) : [],
    steps: [],
  }))
