/** `millrace plan`: the stages of a pipeline, what runs where, and why. */
import type { Plan, Planned } from '../lib/dstream/plan.ts'
import { type NeedsRecords, sourceStages } from '../lib/dstream/source-stages.ts'
import { givenRoots, type InDriver, type StagePlace, stagePlaces } from '../lib/dstream/stages.ts'
import { type StateInDriver, statePlace } from '../lib/runtime/tasks/state-places.ts'
import { loadPlan } from '../lib/tools/load-pipeline.ts'
import { EXIT } from './exit-codes.ts'
import { say } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'

/** A stage of a plan: what begins at a node, before its first shuffle or at its output. */
interface PlannedStage {
  /** The id of the node. */
  readonly node: string
  /** The nodes whose results it begins with: sources, or nodes that need more than one record. */
  readonly from: readonly string[]
  /** The nodes in between, which handle each record by itself. */
  readonly steps: readonly string[]
  readonly runs: 'in tasks' | 'in tasks when slow' | 'in the driver'
  readonly because: string
}

/** What an operator keeps from batch to batch. */
interface PlannedMove {
  /** The id of the node. */
  readonly node: string
  /** Batches: those of a window, or others that it needs later. */
  readonly keeps: 'state' | 'batches'
  readonly partitions: number
  readonly moves: 'in tasks' | 'in the driver'
  readonly because: string
}

/** What intake does with the records of a source, if it is a stream that can be read again. */
interface PlannedSource {
  /** The id of the node. */
  readonly source: string
  /** The nodes for which intake combines the records by key. Empty: it stores the records. */
  readonly combinedFor: readonly string[]
  readonly because: string
}

/** What `millrace plan` answers. */
interface Answer {
  readonly app: string
  readonly plan: string
  readonly intervalMs: number
  readonly sources: readonly PlannedSource[]
  readonly stages: readonly PlannedStage[]
  readonly states: readonly PlannedMove[]
}

/** Returns the exit code. */
export const showPlan = async (
  { module, json }: { readonly module: string; readonly json: boolean },
  outputs: Outputs,
): Promise<number> => {
  const plan = await loadPlan(module)
  const { name: app, hash, options } = plan
  const answer = {
    app,
    plan: hash,
    intervalMs: options.intervalMs,
    sources: sourcesOf(plan),
    stages: stagesOf(plan),
    states: statesOf(plan),
  }
  say({ object: answer, text: textOf(answer) }, json, outputs)
  return EXIT.ok
}

const sourcesOf = (plan: Plan): readonly PlannedSource[] =>
  [...sourceStages(plan)].map(([source, stage]) => {
    if ('because' in stage) return { source, combinedFor: [], because: needText(stage) }
    if (plan.options.sourceStage === 'driver')
      return { source, combinedFor: [], because: 'the option sourceStage says so' }
    return { source, combinedFor: stage.nodes, because: 'nothing needs the records themselves' }
  })

const needText = ({ because, node }: NeedsRecords): string =>
  ({
    records: `${node} needs the records themselves`,
    twice: `${node} gets its records in two ways`,
    function: `${node} gets whole RDDs`,
    computed: `they meet ${node}, which is computed in the driver`,
    cached: `${node} is kept for several uses`,
  })[because]

const stagesOf = (plan: Plan): readonly PlannedStage[] => {
  const planned = new Map(plan.nodes.map((one) => [one.id, one]))
  const roots = givenRoots(plan)
  return [...stagePlaces(plan)].map(([node, place]) => {
    const one = planned.get(node) as Planned
    const taken = before(one, planned)
    // An output without steps before it only hands on what is there.
    const isWork = taken.steps.length > 0 || one.node.role !== 'output'
    return { node, ...taken, ...runsOf(place, node, isWork ? roots.get(node) : undefined) }
  })
}

const runsOf = (
  place: StagePlace,
  node: string,
  root: string | undefined,
): Pick<PlannedStage, 'runs' | 'because'> => {
  if (place === undefined)
    return { runs: 'in tasks', because: 'it begins with records that any process can read' }
  if (root !== undefined)
    return { runs: 'in tasks when slow', because: `each takes a partition of ${root} along` }
  return { runs: 'in the driver', because: reasonOf(place, node) }
}

/** What comes before a node: through narrow nodes up to what is not narrow. */
const before = (
  { parents }: Planned,
  planned: ReadonlyMap<string, Planned>,
): Pick<PlannedStage, 'from' | 'steps'> => {
  const from = new Set<string>()
  const steps = new Set<string>()
  const visit = (id: string): void => {
    const one = planned.get(id) as Planned
    if (one.node.role !== 'operator' || !one.node.narrow) return void from.add(id)
    one.parents.forEach(visit)
    steps.add(id)
  }
  parents.forEach(visit)
  return { from: [...from], steps: [...steps] }
}

const reasonOf = (place: InDriver, node: string): string => {
  if (place.because === 'cached') return `${place.node} is kept for several uses`
  if (place.because === 'computed') return `${place.node} is computed there`
  return place.node === node ? 'its function gets whole RDDs' : `${place.node} gets whole RDDs`
}

const statesOf = (plan: Plan): readonly PlannedMove[] =>
  plan.operators.flatMap((planned) => {
    const { id, node } = planned
    if (node.stateful === undefined) return []
    const place = statePlace(plan, planned)
    const moves = place === undefined ? 'in tasks' : 'in the driver'
    const { partitions, panes = false } = node.stateful
    const keeps = panes ? 'batches' : 'state'
    return [{ node: id, keeps, partitions, moves, because: STATE_REASONS[place ?? 'anywhere'] }]
  })

const STATE_REASONS: Readonly<Record<StateInDriver | 'anywhere', string>> = {
  anywhere: 'each partition moves by itself',
  'has no keys': 'it has no keys to divide it by',
  'one partition': 'it has one partition; `partitions` divides it',
  'needs all partitions': 'its operator needs all partitions at the same time',
  'is read by others': 'another operator shows all of it',
}

const partitionsText = (count: number): string =>
  count === 1 ? '1 partition' : `${count} partitions`

const doneWith = (combinedFor: readonly string[]): string =>
  combinedFor.length === 0 ? 'stores records' : `combines for ${combinedFor.join(', ')}`

const textOf = ({ app, plan, intervalMs, sources, stages, states }: Answer): string =>
  [
    `${app}: a batch every ${intervalMs / 1_000} s, plan ${plan}`,
    ...sources.flatMap(({ source, combinedFor, because }) => [
      '',
      source,
      `  intake ${doneWith(combinedFor)}: ${because}`,
    ]),
    ...stages.flatMap(({ node, from, steps, runs, because }) => [
      '',
      node,
      `  takes  ${from.join(', ')}${steps.length === 0 ? '' : ` through ${steps.join(', ')}`}`,
      `  runs   ${runs}: ${because}`,
    ]),
    ...states.flatMap(({ node, keeps, partitions, moves, because }) => [
      '',
      `${keeps} of ${node}, in ${partitionsText(partitions)}`,
      `  moves  ${moves}: ${because}`,
    ]),
    '',
    'Tasks of a batch of more than 16 MiB run at the same time, on cores or executors. What comes',
    'after a reduction or `repartition` runs in the driver while it is fast, and in tasks when it',
    'would take more than 0.2 s. A state or window of more than 32 MiB moves in tasks in small',
    'batches, too.',
    'Intake combines records of Kinesis streams on AWS, where that makes less to store.',
    '',
  ].join('\n')
