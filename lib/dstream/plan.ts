import { createHash } from 'node:crypto'
import { greatestOf } from '../base/extremes.ts'
import { MillraceError } from '../base/errors.ts'
import type { AccumulatorSet } from '../rdd/adds/accumulator-set.ts'
import type { PoisonLimits } from '../rdd/bad-records.ts'
import { type PlannedState, shapesOf } from '../state/operator/state-declaration.ts'
import type { StreamingListener } from './listening/streaming-listener.ts'
import type { OperatorNode, OutputNode, PlanNode, SourceNode } from './plan-node.ts'
import type { BroadcastSet } from './shared/broadcast-set.ts'
import type { RateLimits } from './rate.ts'

/** A node with its id. */
export interface Planned<N extends PlanNode = PlanNode> {
  readonly id: string
  readonly node: N
  /** The ids of its parents, in their order. */
  readonly parents: readonly string[]
  /**
   * The time between two batch times at which this node is computed: its parents have RDDs then.
   */
  readonly everyMs: number
  readonly settings: NodeSettings
  /**
   * Where the user's module declares it: path, line and column. It is no part of what the plan is:
   * a line that moves changes no hash. Undefined: no line of a user declares it.
   */
  readonly declaredAt: () => string | undefined
}

/** Settings that users add to a stream. They do not change the elements of the stream. */
export interface NodeSettings {
  /** The RDD of each batch is computed once, however often it is used. */
  readonly cached?: boolean
  /** The time between two batch times at which its timer may fire. */
  readonly timerMs?: number
}

/** What a graph builder knows about a node. */
export interface NamedNode {
  readonly id: string
  readonly settings: NodeSettings
  readonly declaredAt: () => string | undefined
}

/**
 * The narrow work after one source that can run where the records of the source come in. It ends at
 * the first shuffle, state or other operator that is not narrow.
 */
export interface IntakeStage {
  readonly source: string
  /** The ids of the narrow nodes, in order. */
  readonly nodes: readonly string[]
}

/**
 * What one batch takes at most of each source, to begin with: while more waits, batches grow as far
 * as their pace allows. What exceeds it goes to the next batch times.
 */
export interface BatchLimits {
  readonly records: number
  readonly bytes: number
  readonly objects: number
  /** So many full batches may wait in a lane. Default: {@link BATCHES_WAITING_MAX}. */
  readonly waiting?: number
  /**
   * The least records that a rate leaves to a batch. Intake keeps entries small against it. Left
   * out: as `records`.
   */
  readonly recordsMin?: number
  /** A batch takes at most so many times these limits. Default: {@link BATCH_GROWTH_MAX}. */
  readonly growth?: number
}

/** A batch takes at most so many times the limits. */
export const BATCH_GROWTH_MAX = 1_000

/** So many full batches may wait in a lane. */
export const BATCHES_WAITING_MAX = 1_000

/**
 * How long a failing batch is retried. The application stops as FAILED when the time and the
 * attempts are both used up.
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
  /** Undefined: no rate is set. */
  readonly rate: RateLimits | undefined
  readonly retry: RetryPolicy
  readonly onDataLoss: 'halt' | 'skip'
  readonly poison: PoisonLimits
  readonly onBadKey: 'fail' | 'dead-letter'
  /** Where the steps before the first shuffle of a stream run. */
  readonly sourceStage: 'intake' | 'driver'
  /** How many tasks of a large batch run at once. Undefined: the platform decides. */
  readonly parallelism: number | undefined
  /** How long dead letters are kept. Infinity: until they are redriven or deleted. */
  readonly deadLettersKeptMs: number
  readonly keptForReplayMs: number
}

/** The frozen graph of a pipeline. All roles of the runtime work from it. */
export interface Plan {
  readonly name: string
  readonly options: PlanOptions
  /** Every node that an output needs, parents before children. */
  readonly nodes: readonly Planned[]
  readonly sources: readonly Planned<SourceNode>[]
  readonly operators: readonly Planned<OperatorNode>[]
  readonly outputs: readonly Planned<OutputNode>[]
  /** The state and the panes that its operators declare. */
  readonly states: readonly PlannedState[]
  /** Every node is computed at least once in any period of this length. */
  readonly slideMsMax: number
  readonly intakeStages: readonly IntakeStage[]
  /** The listeners of this process, which may change. Left out: none. */
  readonly listeners?: ReadonlySet<StreamingListener>
  /** Left out: it has none, and nothing looks for them. */
  readonly accumulators?: AccumulatorSet
  /** The same of broadcast values that are loaded. */
  readonly broadcasts?: BroadcastSet
  /**
   * 16 hex digits over the batch interval, the ids, kinds, parameters and parents of all nodes, how
   * their states are stored, and the kinds of accumulators. Plans with the same hash read the same
   * bytes in the same way, and compute at the same times.
   */
  readonly hash: string
}

const HASH_DIGITS = 16
const nowhere = (): undefined => undefined

/**
 * Freezes a graph. Nodes that no output needs are left out, the others get their ids, and the graph
 * is hashed.
 *
 * @throws MillraceError `PLAN_NO_OUTPUT` when no node is an output.
 */
export const planOf = (
  name: string,
  options: PlanOptions,
  created: readonly PlanNode[],
  {
    known,
    accumulators,
    broadcasts,
  }: {
    readonly known: ReadonlyMap<PlanNode, NamedNode>
    readonly accumulators?: AccumulatorSet | undefined
    readonly broadcasts?: BroadcastSet | undefined
  },
): Plan => {
  const needed = ancestorsOf(created.filter((node) => node.role === 'output'))
  if (needed.size === 0) {
    throw new MillraceError('PLAN_NO_OUTPUT', {
      problem: `The pipeline "${name}" has no output operation, so it would never run anything`,
      allowed:
        'one or more of print(), saveAsTextFiles(), saveAsObjectFiles(), saveToTable(), saveTo() ' +
        'and foreachRDD()',
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
        declaredAt: known.get(node)?.declaredAt ?? nowhere,
      }),
    )
  const withRole = <N extends PlanNode>(role: N['role']): readonly Planned<N>[] =>
    Object.freeze(nodes.filter(({ node }) => node.role === role) as unknown as Planned<N>[])
  const operators = withRole<OperatorNode>('operator')
  const sources = withRole<SourceNode>('source')
  const states = operators.flatMap(({ id, node }) => shapesOf(id, node.kind, node.stateful))
  return Object.freeze({
    name,
    options,
    nodes: Object.freeze(nodes),
    sources,
    operators,
    outputs: withRole<OutputNode>('output'),
    states: Object.freeze(states),
    slideMsMax: greatestOf(nodes.map(({ everyMs }) => everyMs)),
    intakeStages: Object.freeze(sources.map(({ id }) => intakeStageOf(id, operators))),
    ...(accumulators === undefined ? {} : { accumulators }),
    ...(broadcasts === undefined ? {} : { broadcasts }),
    hash: hashOf(options.intervalMs, nodes, states, accumulators),
  })
}

/**
 * The time between two RDDs of a node: its own slide if it has one, otherwise the slide of its
 * parents.
 */
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
 * Parents come before children in the list of operators, so one pass finds every narrow node whose
 * parents are all in the stage.
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

const hashOf = (
  intervalMs: number,
  nodes: readonly Planned[],
  states: readonly PlannedState[],
  accumulators: AccumulatorSet | undefined,
): string => {
  const graph = nodes.map(({ id, node, parents }) => [
    id,
    node.kind,
    parents,
    Object.entries(node.parameters).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ])
  const layouts = states.map(({ id, form, partitions, layout }) => [id, form, partitions, layout])
  const kinds = accumulators === undefined ? [] : [accumulators.kinds]
  const text = JSON.stringify([intervalMs, graph, layouts, ...kinds])
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS)
}

/**
 * Input name of each source, by node id. Used to detect that two sources have swapped. A source
 * without a name is left out.
 */
export const inputsOf = ({ sources }: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(
    sources.flatMap(({ id, node: { source } }) =>
      source.name === undefined ? [] : [[id, source.name]],
    ),
  )

/** The type of the elements of each source, by node id. */
export const elementsOf = ({ sources }: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(sources.map(({ id, node: { source } }) => [id, source.elements]))
