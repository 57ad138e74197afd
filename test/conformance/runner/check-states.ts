/**
 * Cases of single steps of `mapWithState`: the first batch brings the initial state, the second one
 * is the step.
 */
import { milliseconds, type Pipeline, stream } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { call } from './call.ts'
import { checkSame, checkSet } from './compare.ts'
import { UnknownWord } from './outcome.ts'
import type { Mode } from './pipeline.ts'
import { mapWithStateBy } from './stateful.ts'
import type { Params, Vector } from './vector.ts'
import {
  mappingFunction,
  type Mapping,
  type MappingWord,
  type StateHandle,
} from './words/mappings.ts'

type Pairs = readonly (readonly [key: unknown, value: unknown])[]

/** A step: the state before it, the records that come in, and the function. */
interface Step {
  readonly initial: Pairs
  readonly records: Pairs
  readonly f: MappingWord
  readonly params?: Params
}

const INTERVAL_MS = 1_000

const pipelineOf = ({ initial, f, params = {} }: Step): Pipeline =>
  stream('step', { batchInterval: milliseconds(INTERVAL_MS), whenIdle: 'tick' }, (ssc) => {
    const pairs = ssc
      .kinesisTextStream('in')
      .mapToPair((text) => JSON.parse(text) as [unknown, unknown])
    const { stream: mapped, snapshots } = mapWithStateBy(
      pairs,
      { ...params, initialState: initial },
      f,
    )
    call(mapped, 'foreachRDD', () => undefined)
    call(snapshots, 'foreachRDD', () => undefined)
  })

/**
 * The first batch, at 1000, applies the initial state. The records come with the second one, at
 * 2000.
 */
const run = async (step: Step, { cold }: Mode): Promise<TestStream> => {
  const app = await testStream(pipelineOf(step), { now: new Date(0) })
  await app.advance(milliseconds(INTERVAL_MS))
  if (cold) await app.restart()
  if (step.records.length > 0)
    app.input('in').add(...step.records.map((pair) => JSON.stringify(pair)))
  await app.advance(milliseconds(INTERVAL_MS))
  return app
}

/** Counts the calls of a function. */
const counting = (f: MappingWord): { readonly f: MappingWord; readonly calls: Mapping[] } => {
  const calls: Mapping[] = []
  return {
    calls,
    f: (mapping) => {
      calls.push(mapping)
      return f(mapping)
    },
  }
}

const checkRecord = async (vector: Vector, mode: Mode): Promise<void> => {
  const { params, inputBatches, expectedBatches = [], expectedState = [] } = vector
  const { key, initialState, batchTimeMs, timeoutThresholdMs } = params
  const initial = (initialState as readonly (readonly [unknown, number])[]).map(
    ([value]) => [key, value] as const,
  )
  const records = (inputBatches[0] ?? []).map((record) => [key, record] as const)
  const timeout =
    timeoutThresholdMs === null
      ? {}
      : { timeoutMs: Number(batchTimeMs) - Number(timeoutThresholdMs) }
  const { f, calls } = counting(mappingFunction(params['f']))
  const app = await run({ initial, records, f, params: timeout }, mode)
  checkSet(expectedBatches[0] ?? [], app.output('foreachRDD-1').elements.at(-1) ?? [])
  const left = (expectedState as readonly (readonly [unknown, number])[]).map(([value]) => [
    key,
    value,
  ])
  checkSet(left, app.output('foreachRDD-2').elements.at(-1) ?? [])
  if (vector['functionCalled'] !== undefined) checkSame(vector['functionCalled'], calls.length > 0)
}

const checkStep = async (vector: Vector, mode: Mode): Promise<void> => {
  const { params, inputBatches, expectedBatches = [], expectedState = [] } = vector
  const initial = (params['previousState'] as readonly (readonly [unknown, unknown, number])[]).map(
    ([key, value]) => [key, value] as const,
  )
  const { f, calls } = counting(mappingFunction(params['f']))
  const app = await run({ initial, records: (inputBatches[0] ?? []) as Pairs, f }, mode)
  checkSet(expectedBatches[0] ?? [], app.output('foreachRDD-1').elements.at(-1) ?? [])
  const left = (expectedState as readonly (readonly [unknown, unknown, number])[]).map(
    ([key, value]) => [key, value],
  )
  checkSet(left, app.output('foreachRDD-2').elements.at(-1) ?? [])
  checkSame(vector['expectedCalls'], calls.length)
}

const checkInitial = async (
  { params, inputBatches, expectedBatches = [], expectedState }: Vector,
  mode: Mode,
): Promise<void> => {
  const initial = (inputBatches[0] ?? []) as Pairs
  const app = await run(
    {
      initial,
      records: [],
      f: () => undefined,
      params: { numPartitions: params['numPartitions'] },
    },
    mode,
  )
  checkSet(expectedBatches[0] ?? [], app.output('foreachRDD-1').elements[0] ?? [])
  const [first] = app.output('foreachRDD-2').batches
  checkSet(
    (expectedState as readonly (readonly [unknown, unknown, number])[]).map(([key, value]) => [
      key,
      value,
    ]),
    first?.elements ?? [],
  )
  checkSame(params['numPartitions'], first?.partitions?.length)
}

/** The result of a call, or the kind of its error. */
const answerOf = (ask: () => unknown, refusal: string): unknown => {
  try {
    return ask()
  } catch {
    return refusal
  }
}

/**
 * The answers of a state handle after a number of operations. Whether the state was updated is
 * internal to the runtime.
 */
const checkHandle = async ({ params, expectedState }: Vector, mode: Mode): Promise<void> => {
  const operations = params['operations'] as readonly string[]
  const [wrap = 'wrap(None)'] = operations.filter((operation) => operation.startsWith('wrap'))
  const wrapped = /\((\d+)\)/.exec(wrap)?.[1]
  let seen: (readonly [string, unknown])[] = []
  const ask = ({ state }: Mapping): undefined => {
    for (const operation of operations.filter((one) => !one.startsWith('wrap')))
      apply(state, operation)
    const told = {
      exists: state.exists(),
      get: answerOf(() => state.get(), 'NoSuchElement'),
      getOption: state.exists() ? state.get() : null,
    }
    // Operations that are still allowed come last, because they change the state.
    const refused = {
      update: answerOf(() => state.update(1), 'IllegalArgument'),
      remove: answerOf(() => state.remove(), 'IllegalArgument'),
    }
    seen = Object.entries({ ...told, timingOut: state.isTimingOut() }).concat([['then', refused]])
    return undefined
  }
  const timesOut = wrap.startsWith('wrapTimingOut')
  const records: Pairs = timesOut ? [] : [['k', 1]]
  const initial: Pairs = wrapped === undefined ? [] : [['k', Number(wrapped)]]
  await run(
    { initial, records, f: ask, params: timesOut ? { timeoutMs: INTERVAL_MS - 1 } : {} },
    mode,
  )
  const { updated: _, ...expected } = expectedState as Record<string, unknown>
  checkSame(
    Object.entries(expected),
    Object.keys(expected).map((name) => [name, new Map(seen).get(name)]),
  )
}

const apply = (state: StateHandle, operation: string): void => {
  const value = /^update\((\d+)\)$/.exec(operation)?.[1]
  if (value === undefined) throw new UnknownWord('operation on a state', operation)
  state.update(Number(value))
}

/** The checks, by operation. */
export const stateChecks = {
  'mapWithState.record': checkRecord,
  'mapWithState.step': checkStep,
  'mapWithState.initialState': checkInitial,
  'State API': checkHandle,
}
