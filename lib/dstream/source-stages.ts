/**
 * The source stage: the steps from a source up to the first shuffle of everything that uses it.
 * Whoever takes the records in can run it, if nothing in the plan needs the records themselves.
 */
import { createHash } from 'node:crypto'
import type { Plan, Planned } from './plan.ts'
import { type InDriver, stagePlaces } from './stages.ts'

/** The source stage of a source. */
export interface SourceStage {
  /** The ids of the nodes that combine its records by key, in their order. */
  readonly nodes: readonly string[]
  /**
   * 16 hex digits over the ids, kinds and parents of these nodes, and of all before them with their
   * parameters. Plans may differ in what comes after, and have the same source stage.
   */
  readonly hash: string
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

const HASH_DIGITS = 16

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
  const stageOf = (source: Planned): SourceStage | NeedsRecords =>
    findStage(source, { all: plan.nodes, children, places })
  return new Map(plan.sources.map((source) => [source.id, stageOf(source)]))
}

interface Graph {
  readonly all: readonly Planned[]
  readonly children: ReadonlyMap<string, readonly Planned[]>
  readonly places: ReturnType<typeof stagePlaces>
}

const findStage = (
  source: Planned,
  { all, children, places }: Graph,
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
  const needs = visit(source)
  if (needs !== undefined) return needs
  const steps = all.filter(({ id }) => seen.has(id) || id === source.id)
  return Object.freeze({ nodes: Object.freeze(nodes.toSorted()), hash: hashOf(steps, nodes) })
}

/** What a node makes of combined values is no part of the stage, so its parameters do not count. */
const hashOf = (steps: readonly Planned[], combining: readonly string[]): string => {
  const graph = steps.map(({ id, node, parents }) => [
    id,
    node.kind,
    parents,
    combining.includes(id)
      ? []
      : Object.entries(node.parameters).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ])
  return createHash('sha256').update(JSON.stringify(graph)).digest('hex').slice(0, HASH_DIGITS)
}

const needsOf = ({ id, node }: Planned, place: InDriver | undefined): NeedsRecords | undefined => {
  if (place !== undefined) return place
  return node.role === 'operator' && node.combines === true
    ? undefined
    : { because: 'records', node: id }
}
