/**
 * Cases of internal parts of Spark that have no counterpart here: write-ahead logs, block trackers,
 * executors. The purpose of such a part is checked on its replacement here, and the report says so.
 * Each is a row of docs/differences.md.
 */
import { type DStream, milliseconds, type Pipeline, stream, type StreamingContext } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { isMillraceError } from '../../../lib/base/errors.ts'
import { lifecycleCheck } from './check-runs.ts'
import { checkSame } from './compare.ts'
import type { Mode } from './pipeline.ts'
import type { Vector } from './vector.ts'

/** A check that replaces a case. */
export interface Instead {
  /** The first cell of its row in docs/differences.md. */
  readonly row: string
  readonly applies: (vector: Vector) => boolean
  readonly check: (mode: Mode) => Promise<void>
}

const INTERVAL_MS = 1_000

const started = async (
  describe: (ssc: StreamingContext) => void,
  options: Parameters<typeof stream>[1] = {
    batchInterval: milliseconds(INTERVAL_MS),
    whenIdle: 'tick',
  },
): Promise<TestStream> => {
  const pipeline: Pipeline = stream('instead', options, describe)
  return testStream(pipeline, { now: new Date(0), failures: 'record' })
}

const totals = (ssc: StreamingContext): void =>
  ssc
    .kinesisTextStream('in')
    .mapToPair((word) => [word, 1])
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    .foreachRDD(() => undefined)

/**
 * State is durable with every batch, and nothing else is. A process that starts again continues as
 * if nothing had happened.
 */
const stateIsDurable = async (): Promise<void> => {
  const app = await started(totals)
  for (const words of [['a'], ['a', 'b'], [], ['c', 'a']]) {
    if (words.length > 0) app.input('in').add(...words)
    await app.advance(milliseconds(INTERVAL_MS))
    await app.restart()
  }
  checkSame(
    [
      ['a', 3],
      ['b', 1],
      ['c', 1],
    ],
    await app.state('updateStateByKey-1'),
  )
}

/**
 * A received record is stored before it counts as received. It belongs to one batch for ever, no
 * matter which process tries the batch and how often.
 */
const recordsOf = async (
  name: string,
  read: (ssc: StreamingContext) => DStream<string>,
): Promise<void> => {
  let isDown = true
  const app = await started((ssc) =>
    read(ssc).foreachRDD(() => {
      if (isDown) throw new Error('down')
    }),
  )
  const input = app.input(name)
  input.add('a', 'b')
  await app.advance(milliseconds(INTERVAL_MS))
  input.add('c')
  await app.advance(milliseconds(1))
  isDown = false
  await app.restart({ downFor: milliseconds(3 * INTERVAL_MS) })
  const output = app.output('foreachRDD-1')
  checkSame(
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    output.runs.filter(({ timeMs }) => timeMs === INTERVAL_MS).map(({ elements }) => elements),
  )
  checkSame(
    ['a', 'b', 'c'],
    output.elements.flatMap((elements) => elements ?? []),
  )
}

const recordsAreDurable = (): Promise<void> =>
  recordsOf('localhost:9999', (ssc) => ssc.socketTextStream('localhost', 9999))

const shardsAreDurable = (): Promise<void> => recordsOf('in', (ssc) => ssc.kinesisTextStream('in'))

/** A stream of Kinesis is a name, which is needed. All else about it is bound to the name. */
const streamsAreNamed = async (): Promise<void> => {
  await shardsAreDurable()
  let refused: unknown
  try {
    await started((ssc) => ssc.kinesisTextStream('').print())
  } catch (error) {
    refused = error
  }
  checkSame('ARGUMENT_INVALID', isMillraceError(refused) ? refused.code : refused)
}

/** Every batch time runs, in order and once, no matter how late. */
const timesAreKept = async (): Promise<void> => {
  const app = await started((ssc) => ssc.kinesisTextStream('in').foreachRDD(() => undefined))
  await app.advance(milliseconds(2 * INTERVAL_MS))
  await app.restart({ downFor: milliseconds(3.5 * INTERVAL_MS) })
  checkSame(
    [1_000, 2_000, 3_000, 4_000, 5_000],
    app.output('foreachRDD-1').batches.map(({ timeMs }) => timeMs),
  )
}

/** The result does not depend on the number of partitions. */
const partitionsDoNotMatter = async (): Promise<void> => {
  const results: unknown[] = []
  for (const partitions of [1, 2, 7]) {
    const app = await started((ssc) =>
      ssc
        .kinesisTextStream('in')
        .mapToPair((word) => [word, 1])
        .reduceByKey((a, b) => a + b, { partitions })
        .transform((rdd) => rdd, { pure: true })
        .foreachRDD(() => undefined),
    )
    app.input('in').add('a', 'b', 'a', 'c')
    await app.advance(milliseconds(INTERVAL_MS))
    results.push(
      (app.output<[string, number]>('foreachRDD-1').elements[0] ?? []).toSorted(([a], [b]) =>
        a < b ? -1 : 1,
      ),
    )
  }
  for (const result of results)
    checkSame(
      [
        ['a', 2],
        ['b', 1],
        ['c', 1],
      ],
      result,
    )
}

/** The next run continues where a run has ended: every record counts once. */
const runsGoOn = async (): Promise<void> => {
  const app = await started(totals)
  for (let n = 0; n < 6; n++) {
    app.input('in').add('a')
    await app.restart()
    await app.advance(milliseconds(INTERVAL_MS / 2))
    await app.restart({ downFor: milliseconds((n + 1) * INTERVAL_MS) })
  }
  await app.advance(milliseconds(INTERVAL_MS))
  checkSame([['a', 6]], await app.state('updateStateByKey-1'))
}

const of =
  (...ops: readonly string[]) =>
  ({ op }: Vector): boolean =>
    ops.includes(op)

/** All replacing checks. */
export const insteads: readonly Instead[] = [
  {
    row: 'checkpoint interval, checkpoint files',
    applies: (vector) =>
      of(
        'checkpointInterval',
        'mapWithState.checkpointDuration',
        'checkpoint.list',
        'checkpoint.write',
        'checkpoint.restore',
      )(vector) ||
      (vector.op === 'updateStateByKey' && vector.compare === 'state'),
    check: stateIsDurable,
  },
  { row: 'settings in a checkpoint', applies: of('checkpoint.conf'), check: stateIsDurable },
  { row: 'the map of states', applies: of('stateMap'), check: stateIsDurable },
  {
    row: 'storage levels',
    applies: ({ op, compare }) => op === 'window' && compare === 'state',
    check: stateIsDurable,
  },
  {
    row: 'remember',
    applies: of('remember/cleanup', 'checkpoint.cleanup', 'inputInfoTracker'),
    check: recordsAreDurable,
  },
  {
    row: 'blocks and write-ahead logs',
    applies: of(
      'writeAheadLog',
      'batchedWriteAheadLog',
      'blockTracker',
      'createBlockRDD',
      'blockGenerator',
      'receiver',
    ),
    check: recordsAreDurable,
  },
  {
    row: 'the client library of Kinesis',
    applies: of(
      'kinesis',
      'kinesis.read',
      'kinesis.checkpointer',
      'kinesis.recordProcessor',
      'kinesis.processRecords',
      'kinesis.createBlockRDD',
    ),
    check: shardsAreDurable,
  },
  { row: 'the builder of Kinesis streams', applies: of('kinesis.builder'), check: streamsAreNamed },
  { row: 'timers', applies: of('recurringTimer'), check: timesAreKept },
  {
    row: 'executors',
    applies: of('dynamicAllocation', 'receiverScheduling'),
    check: partitionsDoNotMatter,
  },
  {
    row: 'starting and stopping',
    applies: (vector) =>
      of('stop', 'getActive', 'getActiveOrCreate', 'context from checkpoint path')(vector) ||
      (vector.op === 'slice' && vector.expectError !== undefined) ||
      (vector.op === 'lifecycle' && lifecycleCheck(vector) === undefined),
    check: runsGoOn,
  },
]

/** The check that replaces a case. */
export const insteadOf = (vector: Vector): Instead | undefined =>
  insteads.find(({ applies }) => applies(vector))
