/** Result stages: what an output or an action needs of each partition. */
import { groupsOf } from './groups.ts'
import { type Lineage, unknownSize } from './lineage.ts'
import { NO_TASKS } from './tasks.ts'

/** What a stage needs of its RDD. */
export type StageOf = Pick<Lineage<unknown>, 'label' | 'partitionCount' | 'context' | 'sizeOf'> &
  Required<Pick<Lineage<unknown>, 'elsewhere'>>

/** What `make` gives for each partition, in their order. Small neighbours are one task. */
export const runResultStage = async <R>(
  { label: node, partitionCount, context, sizeOf = unknownSize, elsewhere }: StageOf,
  make: (index: number, until?: number) => Promise<R>,
): Promise<readonly R[]> => {
  const { tasks = NO_TASKS, taskBytes } = context
  const groups = groupsOf(partitionCount, sizeOf, taskBytes)
  const results: R[] = []
  await tasks.runStage({
    node,
    side: 'result',
    number: tasks.nextStage(node, 'result'),
    count: groups.length,
    elsewhere,
    here: async (task) => {
      for (const index of groups[task] ?? []) results.push(await make(index))
    },
    pack: async (task) => {
      const group = groups[task] ?? []
      const made: R[] = []
      for (const index of group) made.push(await make(index, group.at(-1)))
      return made
    },
    take: (made) => {
      for (const one of made as readonly R[]) results.push(one)
    },
    takenSoFar: () => results,
  })
  return results
}
