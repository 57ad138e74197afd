import type { Plan } from '../../dstream/plan.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'

/** Whether a record of a source reaches an output on a way that none of these operators is on. */
const isTakenBeside = (
  { nodes }: Plan,
  source: string,
  operators: ReadonlySet<string>,
): boolean => {
  const reached = new Set([source])
  // Parents come before their children.
  for (const { id, parents } of nodes)
    if (!operators.has(id) && parents.some((parent) => reached.has(parent))) reached.add(id)
  return nodes.some(({ id, node }) => node.role === 'output' && reached.has(id))
}

/**
 * Notes on each letter whether the batch has taken its record elsewhere: a function of one branch
 * threw on it, and another branch has counted it. To give such a record to the pipeline again would
 * count it there twice.
 */
export const withProcessedElsewhere = (
  plan: Plan,
  letters: readonly DeadLetter[],
): readonly DeadLetter[] => {
  const records = Map.groupBy(letters, ({ source, position }) => `${source}#${position}`)
  return [...records.values()].flatMap((ofRecord) => {
    const operators = new Set(ofRecord.flatMap(({ operator }) => operator ?? []))
    return ofRecord.map((letter) =>
      operators.size === 0
        ? letter
        : { ...letter, processedElsewhere: isTakenBeside(plan, letter.source, operators) },
    )
  })
}
