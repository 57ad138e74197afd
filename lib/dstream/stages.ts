/**
 * Where the stages of a plan can run. A node begins a stage when it shuffles, or needs the elements
 * of its input. The tasks of a stage can run in any process if each begins with records of a source
 * and only narrow operators follow: then a process with the same plan and code can do all of it.
 */
import type { Plan, Planned } from './plan.ts'

/** Why the first stages of a node stay in the driver. */
export interface InDriver {
  /**
   * `function`: a function of the user gets whole RDDs. `computed`: the input is the result of an
   * operator that is not narrow. `cached`: the driver keeps the input for several uses.
   */
  readonly because: 'function' | 'computed' | 'cached'
  /** The id of the node of which this is true: the node itself, or one before it. */
  readonly node: string
}

/** Where the first stages of a node can run. Undefined: in any process. */
export type StagePlace = InDriver | undefined

/** The place of each node that can begin a stage, by its id: all but sources and narrow ones. */
export const stagePlaces = ({ nodes }: Plan): ReadonlyMap<string, StagePlace> => {
  const places = new Map<string, StagePlace>()
  const inputs = new Map<string, StagePlace>()
  for (const planned of nodes) {
    const { id, node, parents } = planned
    if (node.role === 'source') continue
    const before = parents.map((parent) => inputs.get(parent)).find((place) => place !== undefined)
    const place: StagePlace = node.free === true ? { because: 'function', node: id } : before
    inputs.set(id, asInput(planned, place))
    if (node.role === 'output' || !node.narrow) places.set(id, place)
  }
  return places
}

/** The place of a stage whose input is this node. */
const asInput = ({ id, node, settings }: Planned, place: StagePlace): StagePlace => {
  if (place !== undefined) return place
  if (node.role === 'operator' && !node.narrow) return { because: 'computed', node: id }
  return settings.cached === true ? { because: 'cached', node: id } : undefined
}
