import { createHash } from 'node:crypto'

import { MillraceError } from '../base/errors.ts'
import type { OperatorNode, OutputNode, PlanNode, SourceNode } from './plan-node.ts'

/** A node with its id. */
export interface Planned<N extends PlanNode = PlanNode> {
  readonly id: string
  readonly node: N
  /** The ids of its parents, in their order. */
  readonly parents: readonly string[]
}

/** What must stay the same for stored state to be read by another plan. */
export interface StateShape {
  readonly id: string
  readonly kind: string
  readonly partitions: number
}

/** The narrow work below one source that can run where its records come in: up to the first shuffle, state or free function. */
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

/** How long a failing batch is tried again before the application stops as FAILED: until both are used up. */
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
  readonly states: readonly StateShape[]
  readonly intakeStages: readonly IntakeStage[]
  /** 16 hex digits over ids, kinds, parameters and arrows. Guards state: another hash is another plan. */
  readonly hash: string
}

const HASH_DIGITS = 16

/**
 * Freezes a graph: leaves out what no output needs, gives the rest their ids, and hashes it.
 *
 * @throws MillraceError `PLAN_NO_OUTPUT` when no node is an output.
 */
export const planOf = (name: string, options: PlanOptions, created: readonly PlanNode[], ids: ReadonlyMap<PlanNode, string>): Plan => {
  const needed = ancestorsOf(created.filter((node) => node.role === 'output'))
  if (needed.size === 0) {
    throw new MillraceError('PLAN_NO_OUTPUT', {
      problem: `The pipeline "${name}" has no output operation, so nothing would ever run`,
      allowed: 'at least one of print(), saveAsTextFiles(), foreachRDD()',
      fix: 'end a stream with one, for example counts.print()',
    })
  }
  const idOf = (node: PlanNode): string => ids.get(node) as string
  const nodes = created
    .filter((node) => needed.has(node))
    .map((node) => Object.freeze({ id: idOf(node), node, parents: Object.freeze(node.parents.map(idOf)) }))
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
      operators.flatMap(({ id, node }) =>
        node.statePartitions === undefined ? [] : [{ id, kind: node.kind, partitions: node.statePartitions }],
      ),
    ),
    intakeStages: Object.freeze(sources.map(({ id }) => intakeStageOf(id, operators))),
    hash: hashOf(nodes),
  })
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

/** Operators come parents first, so one walk finds every narrow node all of whose parents are in the stage. */
const intakeStageOf = (source: string, operators: readonly Planned<OperatorNode>[]): IntakeStage => {
  const inside = new Set([source])
  for (const { id, node, parents } of operators) if (node.narrow && parents.every((parent) => inside.has(parent))) inside.add(id)
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

/** Why state written under `stored` cannot be read by a plan with `current`; empty when it can. New states may come, old ones may not go. */
export const stateConflicts = (stored: readonly StateShape[], current: readonly StateShape[]): readonly string[] =>
  stored.flatMap((old) => {
    const now = current.find(({ id }) => id === old.id)
    if (now === undefined) return [`the state "${old.id}" (${old.kind}) is in the store and not in the pipeline`]
    if (now.kind !== old.kind) return [`the state "${old.id}" was made by ${old.kind} and is now ${now.kind}`]
    return now.partitions === old.partitions
      ? []
      : [`the state "${old.id}" has ${old.partitions} partitions in the store and ${now.partitions} in the pipeline`]
  })
