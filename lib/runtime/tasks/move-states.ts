/** Moves the state of all partitions of an operator, in this process or in executors. */
import { type Moved, partitionView } from '../../dstream/plan-node.ts'
import type { MoveStates } from './batch-rdds.ts'

/** All partitions in this process, one after the other. */
export const moveHere: MoveStates = async ({ node }, exchange, view) => {
  const partitions = node.stateful?.partitions ?? 0
  const parts = await exchange?.parts()
  const moved: Moved[] = []
  for (let partition = 0; partition < partitions; partition++)
    moved.push(
      (await node.move?.move(parts?.[partition] ?? [], partitionView(view, partition))) as Moved,
    )
  return moved
}
