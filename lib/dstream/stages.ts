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

/**
 * The node whose elements a stage begins with, if they can be sent to another process: those of one
 * operator that is not narrow, through narrow ones. Undefined: the stage begins in a source, in
 * several nodes, or in a function that gets whole RDDs.
 */
export const givenRoots = ({ nodes }: Plan): ReadonlyMap<string, string> => {
  const planned = new Map(nodes.map((one) => [one.id, one]))
  const rootOf = ({ parents, node }: Planned): string | undefined => {
    const parent = planned.get(parents.length === 1 ? (parents[0] as string) : '')
    if (parent?.node.role !== 'operator' || node.role === 'source' || node.free === true)
      return undefined
    if (!parent.node.narrow) return parent.node.free === true ? undefined : parent.id
    return parent.settings.cached === true ? undefined : rootOf(parent)
  }
  return new Map(
    nodes.flatMap((one) => {
      const root = one.node.role === 'operator' && one.node.narrow ? undefined : rootOf(one)
      return root === undefined ? [] : [[one.id, root] as const]
    }),
  )
}
