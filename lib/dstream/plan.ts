import { createHash } from 'node:crypto'

import { MillraceError } from '../base/errors.ts'
import { shapesOf, type StateShape } from '../state/operator/state-declaration.ts'
import type { OperatorNode, OutputNode, PlanNode, SourceNode } from './plan-node.ts'

/** A node with its id. */
export interface Planned<N extends PlanNode = PlanNode> {
  readonly id: string
  readonly node: N
  /** The ids of its parents, in their order. */
  readonly parents: readonly string[]
  /** It is computed at batch times so far apart: those at which its parents have datasets. */
  readonly everyMs: number
  readonly settings: NodeSettings
}

/** What users say about a stream after it is made; none of it changes what the stream holds. */
export interface NodeSettings {
  /** Each batch's dataset is computed once, however many look at it. */
  readonly cached?: boolean
  /** How far apart the times are at which its timer may fire by the clock. */
  readonly timerMs?: number
}

/** What a graph builder knows of a node. */
export interface NamedNode {
  readonly id: string
  readonly settings: NodeSettings
}

/**
 * The narrow work below one source that can run where its records come in: up to the first shuffle,
 * state or free function.
 */
export interface IntakeStage {
  readonly source: string
  /** The ids of the narrow nodes, in order. */
  readonly nodes: readonly string[]
}

/** The limits of one batch, per source. What is over goes to the next batch time. */
export interface BatchLimits {
  readonly records: number
  readonly bytes: number
  readonly objects: number
}

/**
 * How long a failing batch is tried again before the application stops as FAILED: until both are
 * used up.
 */
export interface RetryPolicy {
  readonly forMs: number
  readonly attempts: number
}

/** The resolved options of a pipeline. */
export interface PlanOptions {
  readonly intervalMs: number
  readonly whenIdle: 'rest' | 'tick'
  readonly limits: BatchLimits
  readonly retry: RetryPolicy
  readonly onDataLoss: 'halt' | 'skip'
}

/** The frozen graph of a pipeline: what every role of the runtime works from. */
export interface Plan {
  readonly name: string
  readonly options: PlanOptions
  /** Every node that an output needs, parents before children. */
  readonly nodes: readonly Planned[]
  readonly sources: readonly Planned<SourceNode>[]
  readonly operators: readonly Planned<OperatorNode>[]
  readonly outputs: readonly Planned<OutputNode>[]
  /** Everything that its operators keep. */
  readonly states: readonly StateShape[]
  /** In any stretch of time of this length, every node has been computed. */
  readonly slideMsMax: number
  readonly intakeStages: readonly IntakeStage[]
  /**
   * 16 hex digits over ids, kinds, parameters and arrows. Guards state: another hash is another
   * plan.
   */
  readonly hash: string
}

const HASH_DIGITS = 16

/**
 * Freezes a graph: leaves out what no output needs, gives the rest their ids, and hashes it.
 *
 * @throws MillraceError `PLAN_NO_OUTPUT` when no node is an output.
 */
export const planOf = (
  name: string,
  options: PlanOptions,
  created: readonly PlanNode[],
  known: ReadonlyMap<PlanNode, NamedNode>,
): Plan => {
  const needed = ancestorsOf(created.filter((node) => node.role === 'output'))
  if (needed.size === 0) {
    throw new MillraceError('PLAN_NO_OUTPUT', {
      problem: `The pipeline "${name}" has no output operation, so nothing would ever run`,
      allowed: 'at least one of print(), saveAsTextFiles(), saveAsObjectFiles(), foreachRDD()',
      fix: 'end a stream with one, for example counts.print()',
    })
  }
  const idOf = (node: PlanNode): string => known.get(node)?.id as string
  const nodes = created
    .filter((node) => needed.has(node))
    .map((node) =>
      Object.freeze({
        id: idOf(node),
        node,
        parents: Object.freeze(node.parents.map(idOf)),
        everyMs:
          node.parents[0] === undefined
            ? options.intervalMs
            : slideMsOf(node.parents[0], options.intervalMs),
        settings: Object.freeze({ ...known.get(node)?.settings }),
      }),
    )
  const withRole = <N extends PlanNode>(role: N['role']): readonly Planned<N>[] =>
    Object.freeze(nodes.filter(({ node }) => node.role === role) as unknown as Planned<N>[])
  const operators = withRole<OperatorNode>('operator')
  const sources = withRole<SourceNode>('source')
  return Object.freeze({
    name,
    options,
    nodes: Object.freeze(nodes),
    sources,
    operators,
    outputs: withRole<OutputNode>('output'),
    states: Object.freeze(
      operators.flatMap(({ id, node }) => shapesOf(id, node.kind, node.stateful)),
    ),
    slideMsMax: Math.max(...nodes.map(({ everyMs }) => everyMs)),
    intakeStages: Object.freeze(sources.map(({ id }) => intakeStageOf(id, operators))),
    hash: hashOf(nodes),
  })
}

/** How far apart the datasets of a node are: as those of its parents, unless it says otherwise. */
export const slideMsOf = (node: PlanNode, intervalMs: number): number => {
  if (node.role === 'operator' && node.slideMs !== undefined) return node.slideMs
  const [parent] = node.parents
  return parent === undefined ? intervalMs : slideMsOf(parent, intervalMs)
}

const ancestorsOf = (outputs: readonly PlanNode[]): Set<PlanNode> => {
  const found = new Set<PlanNode>()
  const visit = (node: PlanNode): void => {
    if (found.has(node)) return
    found.add(node)
    node.parents.forEach(visit)
  }
  outputs.forEach(visit)
  return found
}

/**
 * Operators come parents first, so one walk finds every narrow node all of whose parents are in the
 * stage.
 */
const intakeStageOf = (
  source: string,
  operators: readonly Planned<OperatorNode>[],
): IntakeStage => {
  const inside = new Set([source])
  for (const { id, node, parents } of operators)
    if (node.narrow && parents.every((parent) => inside.has(parent))) inside.add(id)
  return Object.freeze({ source, nodes: Object.freeze([...inside].slice(1)) })
}

const hashOf = (nodes: readonly Planned[]): string => {
  const shape = nodes.map(({ id, node, parents }) => [
    id,
    node.kind,
    parents,
    Object.entries(node.parameters).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ])
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, HASH_DIGITS)
}

/**
 * The names under which sources read, by their ids: what a source without a name of its own goes by
 * must not become another's.
 */
export const inputsOf = ({ sources }: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(
    sources.flatMap(({ id, node: { source } }) =>
      source.name === undefined ? [] : [[id, source.name]],
    ),
  )

/**
 * Where sources have changed places: what was taken in under the id of one would go on as what came
 * from another. A name that no other source has now is only a new name, or a new place.
 */
export const inputConflicts = (
  stored: Readonly<Record<string, string>>,
  current: Readonly<Record<string, string>>,
): readonly string[] =>
  Object.entries(stored).flatMap(([id, name]) => {
    const now = current[id]
    const other = Object.keys(current).find((one) => current[one] === name)
    if (now === undefined || now === name || other === undefined) return []
    return [
      `the source "${id}" read "${name}" and reads "${now}" now, and "${name}" is the source ` +
        `"${other}"`,
    ]
  })
