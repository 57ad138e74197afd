/**
 * The source stage: the steps from a source up to the first shuffle of everything that uses it.
 * Whoever takes the records in can run it, if nothing in the plan needs the records themselves.
 */
import type { Plan, Planned } from './plan.ts'
import { type InDriver, stagePlaces } from './stages.ts'

/** The source stage of a source: the nodes that combine its records by key, in the order of ids. */
export interface SourceStage {
  readonly nodes: readonly string[]
}

/** Why the records of a source themselves are needed. */
export interface NeedsRecords {
  /**
   * `records`: the node needs each record, and not only what they come to by key. `twice`: the node
   * gets the same records in two ways. The others: see {@link InDriver}.
   */
  readonly because: InDriver['because'] | 'records' | 'twice'
  /** The id of the node of which this is true. */
  readonly node: string
}

/** The source stage of each source, by its id, or why it has none. */
export const sourceStages = (plan: Plan): ReadonlyMap<string, SourceStage | NeedsRecords> => {
  const children = new Map<string, Planned[]>()
  for (const planned of plan.nodes)
    for (const parent of planned.parents) {
      const known = children.get(parent) ?? []
      children.set(parent, known)
      known.push(planned)
    }
  const places = stagePlaces(plan)
  return new Map(plan.sources.map((source) => [source.id, stageOf(source, children, places)]))
}

const stageOf = (
  source: Planned,
  children: ReadonlyMap<string, readonly Planned[]>,
  places: ReturnType<typeof stagePlaces>,
): SourceStage | NeedsRecords => {
  const seen = new Set<string>()
  const nodes: string[] = []
  const visit = (before: Planned): NeedsRecords | undefined => {
    if (before.settings.cached === true) return { because: 'cached', node: before.id }
    for (const planned of children.get(before.id) ?? []) {
      const { id, node } = planned
      if (seen.has(id)) return { because: 'twice', node: id }
      seen.add(id)
      const isNarrow = node.role === 'operator' && node.narrow
      const needs = isNarrow ? visit(planned) : needsOf(planned, places.get(id))
      if (needs !== undefined) return needs
      if (!isNarrow) nodes.push(id)
    }
    return undefined
  }
  return visit(source) ?? Object.freeze({ nodes: Object.freeze(nodes.toSorted()) })
}

const needsOf = ({ id, node }: Planned, place: InDriver | undefined): NeedsRecords | undefined => {
  if (place !== undefined) return place
  return node.role === 'operator' && node.combines === true
    ? undefined
    : { because: 'records', node: id }
}
