/** Which states and windows can be in executors. */
import type { Plan, Planned } from '../../dstream/plan.ts'
import type { OperatorNode } from '../../dstream/plan-node.ts'
import type { Manifest } from '../../state/manifest.ts'
import { panesId } from '../../state/operator/state-declaration.ts'
import type { Runner } from '../runner.ts'

/**
 * A state is large from so many stored bytes on. In memory it takes a few times as much. A smaller
 * one is read from the store in less than a second.
 */
const STATE_BYTES = 32 * 1024 * 1024

/** Whether a state is large. `most`: from how many bytes on. */
export const isLarge = (bytes: number, most: number = STATE_BYTES): boolean => bytes >= most

/**
 * What is stored of a partition in more segments than these would take a while to read: a window of
 * many small panes.
 */
const SEGMENTS_MAX = 256

/** Whether a partition that is in an executor stays there, rather than to be read in the driver. */
export const isLongToRead = (segments: number): boolean => segments > SEGMENTS_MAX

/** Why what a node keeps stays in the driver. */
export type StateInDriver =
  | 'has no keys'
  | 'one partition'
  | 'needs all partitions'
  | 'is read by others'

/** Where what a node keeps can move. Undefined: in any process, partition by partition. */
export const statePlace = (
  { nodes }: Plan,
  { id, node }: Planned<OperatorNode>,
): StateInDriver | undefined => {
  if (node.stateful?.panes === true && node.keyed !== true) return 'has no keys'
  if (node.move === undefined) return 'needs all partitions'
  if ((node.stateful?.partitions ?? 1) === 1) return 'one partition'
  const isRead = nodes.some(
    (one) =>
      one.node.role === 'operator' &&
      one.node.readsParentState === true &&
      one.parents.includes(id),
  )
  return isRead ? 'is read by others' : undefined
}

/**
 * The executor of a partition, of so many. Undefined: it is in the driver. Of n executors and the
 * driver, each has every (n + 1)th partition.
 */
export const executorOf = (part: number, executors: number): number | undefined => {
  const turn = part % (executors + 1)
  return turn === executors ? undefined : turn
}

/** Which partitions a driver that starts leaves to executors, without reading them. */
export const leftAtStart = (
  { plan, spreader, stateBytes }: Pick<Runner, 'plan' | 'spreader' | 'stateBytes'>,
  { states }: Pick<Manifest, 'states'>,
): ((id: string, part: number) => boolean) => {
  const storedBytes = (id: string): number =>
    states[id]?.partitions.reduce((total, { bytes }) => total + bytes, 0) ?? 0
  const left = plan.operators.flatMap((planned) => {
    const { id } = planned
    const bytes = storedBytes(id) + storedBytes(panesId(id))
    const isLeft = statePlace(plan, planned) === undefined && isLarge(bytes, stateBytes)
    return isLeft ? [id, panesId(id)] : []
  })
  return (id, part) => left.includes(id) && executorOf(part, spreader?.count ?? 0) !== undefined
}
