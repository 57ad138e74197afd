import type { Plan } from '../../dstream/plan.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'

/** Whether a record of a source reaches an output on a path without any of these operators. */
const isProcessedBeside = (
  { nodes }: Plan,
  source: string,
  operators: ReadonlySet<string>,
): boolean => {
  const reached = new Set([source])
  // In `nodes`, parents come before their children.
  for (const { id, parents } of nodes)
    if (!operators.has(id) && parents.some((parent) => reached.has(parent))) reached.add(id)
  return nodes.some(({ id, node }) => node.role === 'output' && reached.has(id))
}

/**
 * Notes on each dead letter whether the batch has also processed its record elsewhere: a function
 * of one branch threw on the record, and another branch counted it. A redrive of such a record
 * would count it twice there.
 */
export const withProcessedElsewhere = (
  plan: Plan,
  deadLetters: readonly DeadLetter[],
): readonly DeadLetter[] => {
  const records = Map.groupBy(deadLetters, ({ source, position }) => `${source}#${position}`)
  return [...records.values()].flatMap((ofRecord) => {
    const operators = new Set(ofRecord.flatMap(({ operator }) => operator ?? []))
    return ofRecord.map((deadLetter) =>
      operators.size === 0 || deadLetter.form === 'key'
        ? deadLetter
        : {
            ...deadLetter,
            processedElsewhere: isProcessedBeside(plan, deadLetter.source, operators),
          },
    )
  })
}
