/** Cases of sources that watch a location: the files that a batch takes, and the results. */
import { milliseconds, stream, type StreamingContext } from 'millrace'
import { type TestInput, testStream, type TestStream } from 'millrace/testing'
import { parseDirectoryPattern } from '../../../lib/adapters/directory-pattern.ts'
import { call } from './call.ts'
import { checkBatches, checkSame } from './compare.ts'
import { applyStep, type Flow, prepared, type Scene } from './operations.ts'
import { Mismatch, UnknownWord } from './outcome.ts'
import type { Mode } from './pipeline.ts'
import type { Batch, Params, Vector } from './vector.ts'
import { elementFunction } from './words/functions.ts'

/** A file as it becomes visible. */
interface FileEvent {
  readonly atMs: number
  readonly name: string
  readonly modifiedMs: number
  readonly content: string | Uint8Array
}

interface NamedFile {
  readonly name: string
  readonly mtime: number
  readonly content?: string
}

const options = ({ newFilesOnly, minRememberMs }: Params): object => ({
  existing: newFilesOnly === false ? 'all' : 'ignore',
  ...(minRememberMs === undefined ? {} : { remember: milliseconds(Number(minRememberMs)) }),
})

/** The directory of a case, written `<dir>` in its paths. */
const ROOT = 'in'

/**
 * The watched location. `<dir>/*` has a pattern, and names of files are paths below the part
 * without a pattern.
 */
export const placeOf = ({
  path = '<dir>',
}: Params): { readonly place: string; readonly base: string } => {
  if (typeof path !== 'string' || !path.startsWith('<dir>')) throw new UnknownWord('place', path)
  const place = path.replace('<dir>', ROOT).replace(/\/$/, '')
  return { place, base: parseDirectoryPattern(place).base }
}

/** The stream of a case that watches the location. */
export const watching = (ssc: StreamingContext, { op, params, batchIntervalMs }: Vector): Flow => {
  const { place } = placeOf(params)
  const scene = { context: ssc, inputs: [] }
  if (op === 'binaryRecordsStream') {
    const records = ssc.binaryRecordsStream(place, Number(params['recordLength']))
    const stream =
      params['recordLength'] === 1
        ? records.map(([byte]) => byte)
        : records.map((record) => [...record])
    return { stream, slideMs: batchIntervalMs }
  }
  const lines = op.startsWith('fileStream')
    ? ssc.fileStream(place, { filter: () => true, ...options(params) })
    : ssc.textFileStream(place, options(params))
  const [, ...steps] = op.split(' + ')
  const flow = steps.reduce<Flow>((on, step) => stepOf(step, params, on, scene), {
    stream: lines,
    slideMs: batchIntervalMs,
  })
  return params['f'] === undefined
    ? flow
    : { ...flow, stream: call(flow.stream, 'map', elementFunction(params['f'])) }
}

/**
 * `map(toInt)` names its function. `reduceByWindow` takes its parameters from the case, and reduces
 * the numbers in the lines.
 */
const stepOf = (step: string, params: Params, flow: Flow, scene: Scene): Flow =>
  step.includes('(')
    ? prepared(step, flow, scene)
    : applyStep({ op: step, params }, prepared('s.map(toInt)', flow, scene), scene)

const named = ({ name, mtime, content }: NamedFile): FileEvent => ({
  atMs: mtime,
  name: name.replace('<dir>/', ''),
  modifiedMs: mtime,
  content: content ?? (name.split('/').at(-1) as string),
})

/**
 * The first batch of the case that sees what is visible at this time. The case does not have the
 * other batches of the grid.
 */
const scanOf = (visibleMs: number, { batchTimes }: Params): number =>
  (batchTimes as readonly number[]).find((timeMs) => timeMs >= visibleMs) ?? Infinity

/**
 * The files of a case, in the order in which they become visible: as listed, or one for each
 * non-empty batch.
 */
const eventsOf = (
  { op, params, inputBatches, batchIntervalMs }: Vector,
  startMs: number,
): readonly FileEvent[] => {
  const { events, existingFiles = [], files } = params
  if (events !== undefined)
    return (events as readonly { visibleAt: number; path: string; mtime: number }[])
      .map((event): FileEvent => ({
        atMs: scanOf(event.visibleAt, params),
        name: event.path,
        modifiedMs: event.mtime,
        content: event.path,
      }))
      .toSorted((a, b) => a.atMs - b.atMs)
  const listed = [
    ...(existingFiles as readonly NamedFile[]),
    ...(Array.isArray(files) ? (files as readonly NamedFile[]) : []),
  ]
  if (listed.length > 0) return listed.map(named)
  return inputBatches.map((batch, index): FileEvent => {
    const atMs = startMs + index * batchIntervalMs + 1
    const content =
      op === 'binaryRecordsStream'
        ? Uint8Array.from((batch ?? []).flat(1) as number[])
        : (batch ?? []).map((line) => `${String(line)}\n`).join('')
    return { atMs, name: `file-${index}`, modifiedMs: atMs, content }
  })
}

/**
 * Runs up to a batch time. Files that appear at a batch time are there before the scan of that
 * batch.
 */
const runTo = async (
  app: TestStream,
  input: TestInput,
  timeMs: number,
  waiting: FileEvent[],
): Promise<void> => {
  for (let next = waiting[0]; next !== undefined && next.atMs <= timeMs; next = waiting[0]) {
    if (next.atMs - 1 > app.nowMs) await app.advance(milliseconds(next.atMs - 1 - app.nowMs))
    input.addFile(next.name, next.content, { modified: next.modifiedMs })
    waiting.shift()
  }
  if (timeMs > app.nowMs) await app.advance(milliseconds(timeMs - app.nowMs))
}

/**
 * The process ends after the first number of batches, and another one starts after the second
 * number.
 */
const DEATHS = { every: 4, batchesDown: 3 }

const run = async (vector: Vector, { cold }: Mode): Promise<readonly Batch[]> => {
  const { params, batchIntervalMs, expectedBatches = [], inputBatches } = vector
  const startMs = Number(
    params['clockAtConstruction'] ?? (params['existing'] === undefined ? 0 : 10_000),
  )
  const pipeline = stream('files', { batchInterval: milliseconds(batchIntervalMs) }, (ssc) => {
    call(watching(ssc, vector).stream, 'foreachRDD', () => undefined)
  })
  const app = await testStream(pipeline, { now: new Date(startMs), whenIdle: 'tick' })
  const input = app.input(placeOf(params).place)
  const waiting = [...eventsOf(vector, startMs)]
  const zeroMs = startMs - (startMs % batchIntervalMs)
  const grid = Array.from(
    { length: Math.max(expectedBatches.length, inputBatches.length) },
    (_, index) => zeroMs + (index + 1) * batchIntervalMs,
  )
  const times = (params['batchTimes'] as readonly number[] | undefined) ?? grid
  for (const [index, timeMs] of times.entries()) {
    if (timeMs <= app.nowMs) continue
    await runTo(app, input, timeMs, waiting)
    const dies = 'failures' in params || vector.compare.startsWith('eventual')
    if (dies && index % DEATHS.every === DEATHS.every - 1)
      await down(app, input, DEATHS.batchesDown * batchIntervalMs, waiting)
    else if (cold) await app.restart()
  }
  const batches = app.output('foreachRDD-1').batches.filter(({ timeMs }) => times.includes(timeMs))
  return batches.map(({ elements }) => elements ?? null)
}

/** Files are added while nothing runs. */
const down = async (
  app: TestStream,
  input: TestInput,
  forMs: number,
  waiting: FileEvent[],
): Promise<void> => {
  const untilMs = app.nowMs + forMs
  while (waiting[0] !== undefined && waiting[0].atMs <= untilMs) {
    const { name, content, modifiedMs } = waiting.shift() as FileEvent
    input.addFile(name, content, { modified: modifiedMs })
  }
  await app.restart({ downFor: milliseconds(forMs) })
}

const check = async (vector: Vector, mode: Mode): Promise<void> => {
  const { expectedBatches = [], skipEmptyBatches, compare } = vector
  const got = await run(vector, mode)
  if (compare === 'eventual-subset-and-last') return checkSubsetAndLast(expectedBatches, got)
  checkBatches(
    compare,
    expectedBatches,
    skipEmptyBatches === true ? got.filter((batch) => batch !== null && batch.length > 0) : got,
  )
}

/**
 * Every batch must be one of the expected ones, and the last batch must be the last expected one.
 */
const checkSubsetAndLast = (expected: readonly Batch[], got: readonly Batch[]): void => {
  const known = new Set(expected.map((batch) => JSON.stringify(batch)))
  const stray = got.find(
    (batch) => batch !== null && batch.length > 0 && !known.has(JSON.stringify(batch)),
  )
  if (stray !== undefined) throw new Mismatch('only batches of the list', stray)
  checkSame(expected.at(-1), got.at(-1))
}

const checkRemember = async ({ params, batchIntervalMs, expectedValue }: Vector): Promise<void> => {
  const pipeline = stream('files', { batchInterval: milliseconds(batchIntervalMs) }, (ssc) =>
    ssc.textFileStream('in', options(params)).print(),
  )
  const source = pipeline.build().sources[0]?.node.source
  checkSame(expectedValue, source?.files?.rememberMs)
}

/** The checks, by operation. */
export const fileChecks = {
  'fileStream.selection': check,
  'fileStream(text)': check,
  textFileStream: check,
  'textFileStream + map(toInt)': check,
  'textFileStream + flatMap(split) + updateStateByKey(sum)': check,
  binaryRecordsStream: check,
  'fileStream.remember': checkRemember,
}
