import { elementText } from '../../rdd/element-text.ts'
import type { OutputNode, PlanNode } from '../plan-node.ts'

const RULER = '-'.repeat(43)

/** The first elements of each batch as Spark prints them; `...` stands for the rest, and an empty line ends the batch. */
export const printNode = (parent: PlanNode, count: number): OutputNode =>
  Object.freeze({
    role: 'output',
    kind: 'print',
    parents: [parent],
    parameters: { count },
    run: async (input, batch) => {
      const elements = await input.take(count + 1)
      const lines = elements.slice(0, count).map(elementText)
      if (elements.length > count) lines.push('...')
      batch.print([RULER, `Time: ${batch.timeMs} ms`, RULER, ...lines, '', ''].join('\n'))
    },
  } satisfies OutputNode)
