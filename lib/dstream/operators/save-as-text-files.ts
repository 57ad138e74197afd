import { elementLines } from '../../rdd/element-text.ts'
import type { OutputNode, PlanNode } from '../plan-node.ts'

/** One directory a batch, `prefix-<ms>[.suffix]`, with one text file a partition; written for empty batches too, as in Spark. */
export const saveAsTextFilesNode = (parent: PlanNode, prefix: string, suffix: string): OutputNode =>
  Object.freeze({
    role: 'output',
    kind: 'saveAsTextFiles',
    parents: [parent],
    parameters: { prefix, suffix },
    writesTo: prefix,
    run: async (input, batch) => {
      const parts = (await input.partitions()).map(elementLines)
      await batch.saveText(pathOf(prefix, suffix, batch.timeMs), parts)
    },
  } satisfies OutputNode)

const pathOf = (prefix: string, suffix: string, timeMs: number): string => {
  // A prefix that ends a directory leaves just the time, as Spark's empty prefix does.
  const stem = prefix === '' || prefix.endsWith('/') ? `${prefix}${timeMs}` : `${prefix}-${timeMs}`
  return suffix === '' ? stem : `${stem}.${suffix}`
}
