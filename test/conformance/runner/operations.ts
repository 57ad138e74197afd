/**
 * The table of operations: the name in vectors, and the call of the library. A new operation is a
 * row here.
 *
 * Where an operation needs pairs and the elements are not pairs, `x => (x,1)` is implied.
 */
import { milliseconds, timeOf, type Duration } from 'millrace'
import { call, type Handle } from './call.ts'
import { UnknownWord } from './outcome.ts'
import { mapWithState, updateStateByKey } from './stateful.ts'
import { entry } from './table.ts'
import type { Params, Step } from './vector.ts'
import { rddFunction } from './words/rdds.ts'
import {
  binaryFunction,
  elementFunction,
  pairFilter,
  partitionFunction,
  valueFunction,
} from './words/functions.ts'

/** A stream on its way through the steps of a case. */
export interface Flow {
  readonly stream: Handle
  /** The time between its RDDs. */
  readonly slideMs: number
  /** The stream of all states, after `mapWithState`. */
  readonly snapshots?: Handle
}

/** The world of a case. */
export interface Scene {
  /** The StreamingContext. */
  readonly context: Handle
  readonly inputs: readonly Flow[]
}

type Row = (stream: Handle, params: Params, scene: Scene, flow: Flow) => Handle | Flow

/**
 * Cases with a timeout that do not set how often keys are checked mean Spark's default. Other tests
 * check the library's own default.
 */
const withCheckpoint = (params: Params, { slideMs }: Flow): Params =>
  params['timeoutMs'] === undefined || typeof params['checkpointMs'] === 'number'
    ? params
    : { ...params, checkpointMs: 10 * slideMs }

const isPair = (element: unknown): boolean => Array.isArray(element) && element.length === 2

/** The stream as pairs. */
const pairs = (stream: Handle): Handle =>
  call(stream, 'mapToPair', (element: unknown) => (isPair(element) ? element : [element, 1]))

const duration = (ms: unknown): Duration => milliseconds(Number(ms))

/** Cases that test only windows do not set the reduction. */
const reducer = ({ reduce = 'sum' }: Params): ReturnType<typeof binaryFunction> =>
  binaryFunction(reduce)

const span = ({ windowMs, slideMs }: Params): readonly Duration[] =>
  slideMs === undefined ? [duration(windowMs)] : [duration(windowMs), duration(slideMs)]

const partitions = ({ numPartitions }: Params): { readonly partitions?: number } =>
  numPartitions === undefined ? {} : { partitions: Number(numPartitions) }

/** Window operations take the options after the slide. */
const spanAndOptions = (params: Params, options: object): readonly unknown[] => {
  const times = span(params)
  return Object.keys(options).length === 0 ? times : [times[0], times[1], options]
}

const beside =
  (method: string): Row =>
  (stream, params, scene, flow) =>
    call(pairs(stream), method, pairs(otherSide(params, scene, flow).stream), partitions(params))

const ROWS: Readonly<Record<string, Row>> = {
  map: (stream, { f }) => call(stream, 'map', elementFunction(f)),
  flatMap: (stream, { f }) => call(stream, 'flatMap', elementFunction(f)),
  filter: (stream, { predicate }) => call(stream, 'filter', elementFunction(predicate)),
  mapToPair: (stream, { f }) => call(stream, 'mapToPair', elementFunction(f)),
  mapPartitions: (stream, { f }) => call(stream, 'mapPartitions', partitionFunction(f)),
  glom: (stream) => call(stream, 'glom'),
  count: (stream) => call(stream, 'count'),
  countByValue: (stream, params) => call(stream, 'countByValue', partitions(params)),
  reduce: (stream, params) => call(stream, 'reduce', reducer(params)),
  repartition: (stream, { numPartitions }) => call(stream, 'repartition', numPartitions),
  restart: (stream) => stream,
  slice: (stream, params, _, { slideMs }) => {
    const { fromMs, toMs, fromOffsetMs, toOffsetMs } = params
    const first = slideMs
    const [from, to] = [fromMs ?? first + Number(fromOffsetMs), toMs ?? first + Number(toOffsetMs)]
    return call(stream, 'slice', timeOf(Number(from)), timeOf(Number(to)))
  },

  mapValues: (stream, { f }) => call(pairs(stream), 'mapValues', valueFunction(f)),
  flatMapValues: (stream, { f }) => call(pairs(stream), 'flatMapValues', valueFunction(f)),
  groupByKey: (stream, params) => call(pairs(stream), 'groupByKey', partitions(params)),
  reduceByKey: (stream, params) =>
    call(pairs(stream), 'reduceByKey', reducer(params), partitions(params)),
  combineByKey: (stream, params) => {
    const mergeValue = binaryFunction(params['mergeValue'] ?? params['merge'])
    const mergeCombiners = binaryFunction(params['mergeCombiners'] ?? 'sum')
    return call(
      pairs(stream),
      'combineByKey',
      valueFunction(params['createCombiner']),
      mergeValue,
      mergeCombiners,
      partitions(params),
    )
  },
  partitionBy: (stream, { numPartitions }) => call(pairs(stream), 'partitionBy', numPartitions),
  join: beside('join'),
  leftOuterJoin: beside('leftOuterJoin'),
  rightOuterJoin: beside('rightOuterJoin'),
  fullOuterJoin: beside('fullOuterJoin'),
  cogroup: beside('cogroup'),

  union: (stream, params, scene, flow) =>
    call(stream, 'union', otherSide(params, scene, flow).stream),
  transform: (stream, { f }) => call(stream, 'transform', rddFunction(f)),
  transformWith: (stream, params, scene, flow) => {
    // Cases that test only two streams do not set the result.
    const f = rddFunction(params['f'] ?? '(l,r) => l join r')
    return call(pairs(stream), 'transformWith', pairs(otherSide(params, scene, flow).stream), f)
  },
  'context.union': (_, params, scene) => {
    const streams = contextStreams(params, scene)
    return call(scene.context, 'union', ...streams)
  },
  'context.transform': (_, params, scene) => {
    const f = rddFunction(params['f'])
    return call(
      scene.context,
      'transform',
      contextStreams(params, scene),
      (rdds: readonly Handle[]) => f(...rdds),
    )
  },

  window: (stream, params) => call(stream, 'window', ...span(params)),
  countByWindow: (stream, params) => call(stream, 'countByWindow', ...span(params)),
  countByValueAndWindow: (stream, params) =>
    call(stream, 'countByValueAndWindow', ...spanAndOptions(params, partitions(params))),
  reduceByWindow: (stream, params) =>
    call(stream, 'reduceByWindow', reducer(params), ...span(params)),
  'reduceByWindow(inverse)': (stream, params) => {
    return call(
      stream,
      'reduceByWindow',
      reducer(params),
      binaryFunction(params['inverse']),
      ...span(params),
    )
  },
  groupByKeyAndWindow: (stream, params) =>
    call(pairs(stream), 'groupByKeyAndWindow', ...spanAndOptions(params, partitions(params))),
  reduceByKeyAndWindow: (stream, params) =>
    call(
      pairs(stream),
      'reduceByKeyAndWindow',
      reducer(params),
      ...spanAndOptions(params, partitions(params)),
    ),
  'reduceByKeyAndWindow(inverse)': (stream, params) => {
    const { inverse, filter } = params
    const options = {
      ...partitions(params),
      ...(filter === undefined ? {} : { filter: pairFilter(filter) }),
    }
    const functions = [reducer(params), binaryFunction(inverse)]
    return call(
      pairs(stream),
      'reduceByKeyAndWindow',
      ...functions,
      ...spanAndOptions(params, options),
    )
  },
  'window+window': (_, { chain }, scene, flow) =>
    (chain as readonly (readonly [number, number])[]).reduce(
      (inner, [windowMs, slideMs]) =>
        applyStep({ op: 'window', params: { windowMs, slideMs } }, inner, scene),
      flow,
    ),

  updateStateByKey: (stream, params) => updateStateByKey(pairs(stream), params),
  mapWithState: (stream, params, _, flow) => ({
    ...flow,
    ...mapWithState(pairs(stream), withCheckpoint(params, flow)),
  }),
  'mapWithState.stateSnapshots': (stream, params, _, flow) => ({
    ...flow,
    stream: mapWithState(pairs(stream), withCheckpoint(params, flow)).snapshots,
  }),
}

/** Other names of an operation. */
const plainName = (op: string): string => {
  const name = op
    .replace(/ \((pairs|pair to single)\)$/, '')
    .replace(/^(flatMap|mapPartitions|transform)ToPair$/, '$1')
    .replace(/^reduceByKeyAndWindow\(no inverse\)$/, 'reduceByKeyAndWindow')
  return name.replace('(inverse,filter)', '(inverse)')
}

/** Whether the table has the operation, or all of its parts. */
export const isOperation = (op: string): boolean =>
  op === 'chain' || partsOf({ op, params: {} }).every((step) => Object.hasOwn(ROWS, step.op))

/**
 * `window then count` and `window+count` are two operations, with the same parameters; `filter v>0`
 * has its own.
 */
const partsOf = ({ op, params }: Step): readonly Step[] => {
  if (Object.hasOwn(ROWS, op)) return [{ op, params }]
  return op.split(/ then |\+/).map((part) => {
    const [, name, argument] = /^(filter|map|flatMap) (?!\()(.+)$/.exec(part.trim()) ?? []
    if (name === undefined) return { op: plainName(part.trim()), params }
    return { op: name, params: { ...params, f: argument, predicate: argument } }
  })
}

/** Applies a step, or all of its parts. */
export const applyStep = (step: Step, flow: Flow, scene: Scene): Flow => {
  if (step.op === 'chain') return applySteps(stepsOf(step), flow, scene)
  const parts = partsOf(step)
  return parts.reduce(
    (before, part, index) =>
      applyPart(part, before, scene, index === 0, index === parts.length - 1),
    flow,
  )
}

const stepsOf = ({ params: { steps } }: Step): readonly Step[] => {
  if (Array.isArray(steps)) return steps as readonly Step[]
  throw new UnknownWord('list of steps', steps)
}

/** Applies steps from left to right. */
export const applySteps = (steps: readonly Step[], flow: Flow, scene: Scene): Flow =>
  steps.reduce((before, step) => applyStep(step, before, scene), flow)

const applyPart = (
  { op, params }: Step,
  before: Flow,
  scene: Scene,
  isFirst: boolean,
  isLast: boolean,
): Flow => {
  const row = entry(ROWS, op)
  if (row === undefined) throw new UnknownWord('operation', op)
  const flow = isFirst ? prepared(params['left'] ?? params['pre'], before, scene) : before
  const { slideMs = flow.slideMs } = 'windowMs' in params && /window/i.test(op) ? params : {}
  const result = row(flow.stream, params, scene, flow)
  const after: Flow =
    'stream' in result ? (result as Flow) : { stream: result, slideMs: Number(slideMs) }
  return isLast ? finished(params['post'] ?? params['postprocess'], after) : after
}

const toMs = (text: string): number =>
  text.endsWith('s') ? Number(text.slice(0, -1)) * 1_000 : Number(text)

/**
 * A stream before its operation: `x => (x,1) then reduceByKey(sum)`, `(x,1) window(2s,1s)`,
 * `s.map(+4)`, `s.window(2000,2000)`. Undefined: the stream itself.
 */
export const prepared = (word: unknown, flow: Flow, scene: Scene): Flow => {
  if (word === undefined) return flow
  if (typeof word !== 'string') throw new UnknownWord('stream', word)
  const methods = /^s((?:\.\w+\([^)]*\))*)$/.exec(word)?.[1]
  if (methods !== undefined)
    return [...methods.matchAll(/\.(\w+)\(([^)]*)\)/g)].reduce(
      (on, [, name, argument]) => method(name, argument, on, scene),
      flow,
    )
  return word.split(/ then | (?=window\()/).reduce((on, part) => {
    const [, name, argument] = /^(\w+)\(([^()]*)\)$/.exec(part) ?? []
    if (name !== undefined) return method(name, argument, on, scene)
    return { ...on, stream: call(on.stream, 'mapToPair', elementFunction(part)) }
  }, flow)
}

/** `window(2s,1s)`, `map(+4)`, `reduceByKey(sum)`. */
const method = (op: string | undefined, argument = '', flow: Flow, scene: Scene): Flow => {
  const [windowMs = 0, slideMs = 0] = argument.split(',').map(toMs)
  if (op === 'window') return applyStep({ op, params: { windowMs, slideMs } }, flow, scene)
  if (op === 'map')
    return applyStep(
      { op, params: { f: /^[-+*/]/.test(argument) ? `x ${argument}` : argument } },
      flow,
      scene,
    )
  if (op === 'reduceByKey') return applyStep({ op, params: { reduce: argument } }, flow, scene)
  if (op === 'flatMap') return applyStep({ op, params: { f: argument } }, flow, scene)
  if (op === 'updateStateByKey') return applyStep({ op, params: { update: argument } }, flow, scene)
  throw new UnknownWord('operation', op)
}

const SAME_ENCODING = ['values -> list', '(iterables) -> (lists)', 'array -> list']

const finished = (word: unknown, flow: Flow): Flow => {
  if (word === undefined || SAME_ENCODING.includes(word as string)) return flow
  if (word === 'emit counter') {
    return {
      ...flow,
      stream: call(
        flow.stream,
        'mapValues',
        ({ counter }: { readonly counter: number }) => counter,
      ),
    }
  }
  return { ...flow, stream: call(flow.stream, 'map', elementFunction(word)) }
}

/** The right side of an operation on two streams. */
const otherSide = (params: Params, scene: Scene, flow: Flow): Flow => {
  const from = params['with'] as
    | { readonly input?: number; readonly steps?: readonly Step[] }
    | undefined
  if (from !== undefined)
    return applySteps(from.steps ?? [], inputOf(scene, from.input ?? 2), scene)
  const { other } = params
  const mapped = /^same stream mapped (.+)$/.exec(String(other ?? ''))?.[1]
  if (mapped !== undefined)
    return { ...flow, stream: call(flow.stream, 'map', elementFunction(mapped)) }
  if (other !== undefined) throw new UnknownWord('other stream', other)
  return prepared(params['right'], scene.inputs[1] ?? (scene.inputs[0] as Flow), scene)
}

/** An input of the case, counted from 1. */
const inputOf = ({ inputs }: Scene, number: number): Flow => {
  const input = inputs[number - 1]
  if (input === undefined) throw new Error(`the case has no input ${number}`)
  return input
}

const contextStreams = ({ streams }: Params, scene: Scene): readonly Handle[] => {
  if (streams === undefined) return scene.inputs.map(({ stream }) => stream)
  return (streams as readonly string[]).map(
    (text) => prepared(text, scene.inputs[0] as Flow, scene).stream,
  )
}
