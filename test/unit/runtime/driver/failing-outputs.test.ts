import { seconds, stream, type Pipeline, type StreamingContext } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../../lib/base/errors.ts'
import { isLazy } from '../../../../lib/rdd/partition.ts'
import { HELD } from '../tasks/executors-bed.ts'
import { pipelineOf as pipelineIn, World } from '../harness.ts'

const pipelineOf = (describe: (ssc: StreamingContext) => void): Pipeline =>
  stream('app', { batchInterval: seconds(1) }, describe)

/** An output that fails a number of times. */
const failing = (name: string, times: number) => {
  let left = times
  return (): void => {
    if (left-- > 0) throw new Error(`${name} gave no answer`)
  }
}

const started = async (describe: (ssc: StreamingContext) => void): Promise<TestStream> =>
  testStream(pipelineOf(describe), { now: new Date(0), failures: 'record' })

/** Every run of every output: the attempt, and whether it failed. */
const runsOf = (app: TestStream, ids: readonly string[]): readonly unknown[] =>
  ids.map((id) =>
    app
      .output(id)
      .runs.flatMap(({ timeMs, attempt, error }) =>
        timeMs === 1_000 ? [`${attempt}${error ? ' failed' : ''}`] : [],
      ),
  )

describe('an output that fails', () => {
  const three = (ssc: StreamingContext, middle: () => void): void => {
    const words = ssc.kinesisTextStream('words')
    words.print()
    words.foreachRDD(middle)
    words.saveAsTextFiles('out')
  }
  const ids = ['print-1', 'foreachRDD-1', 'saveAsTextFiles-1']

  test('does not stop the others, and the next attempt runs only the failed output', async () => {
    const middle = failing('the sink', 2)
    const app = await started((ssc) => three(ssc, middle))
    app.input('words').add('a')
    await app.advance(seconds(1))
    expect(runsOf(app, ids)).toEqual([['1'], ['1 failed'], ['1']])
    // Readers see no output of a batch that is not committed.
    expect(app.files).toEqual({})
    await app.advance(seconds(5))
    expect(runsOf(app, ids)).toEqual([['1'], ['1 failed', '2 failed', '3'], ['1']])
    expect(app.files).toEqual({ 'out-1000/part-00000': 'a\n' })
  })

  test('is the only output that runs again, also in another process', async () => {
    const middle = failing('the sink', 1)
    const app = await started((ssc) => three(ssc, middle))
    app.input('words').add('a')
    await app.advance(seconds(1))
    await app.restart({ downFor: seconds(5) })
    expect(runsOf(app, ids)).toEqual([['1'], ['1 failed', '2'], ['1']])
    expect(app.output('print-1').batches[0]).toMatchObject({ timeMs: 1_000, elements: ['a'] })
  })

  test('runs again with all others in a new deployment, which may fix what they did', async () => {
    const middle = failing('the sink', 1)
    const app = await started((ssc) => three(ssc, middle))
    app.input('words').add('a')
    await app.advance(seconds(1))
    const pipeline = pipelineOf((ssc) => {
      three(ssc, middle)
      ssc.kinesisTextStream('more').print()
    })
    await app.restart({ pipeline, downFor: seconds(5) })
    expect(runsOf(app, ids)).toEqual([
      ['1', '1'],
      ['1 failed', '1'],
      ['1', '1'],
    ])
  })

  test('with another failing output: both are reported', async () => {
    const [first, second] = [failing('the first', 1), failing('the second', 1)]
    const app = await started((ssc) => {
      const words = ssc.kinesisTextStream('words')
      words.foreachRDD(first)
      words.foreachRDD(second)
    })
    app.input('words').add('a')
    await app.advance(seconds(1))
    const message = app.failures[0]?.error.message
    expect(message).toContain('2 outputs failed')
    expect(message).toContain('the first gave no answer')
    expect(message).toContain('the second gave no answer')
  })

  test('loses no dead letter of an output that an earlier attempt finished', async () => {
    const middle = failing('the sink', 1)
    const app = await started((ssc) => {
      const words = ssc.kinesisTextStream('words')
      words.map((word) => JSON.parse(word) as unknown).print()
      words.foreachRDD(middle)
    })
    app.input('words').add('{', '1')
    await app.advance(seconds(3))
    expect((await app.deadLetters()).map(({ text }) => text)).toEqual(['{'])
    expect(runsOf(app, ['print-1', 'foreachRDD-1'])).toEqual([['1'], ['1 failed', '2']])
    expect(app.events.filter(({ event }) => event === 'deadLetter')).toHaveLength(1)
  })

  test('loses no dead letter of a finished output if its input is away for a while', async () => {
    const world = new World()
    const middle = failing('the sink', 1)
    const pipeline = pipelineIn((ssc) => {
      const lines = ssc.textFileStream('in')
      lines.map((line) => JSON.parse(line) as number).saveAsTextFiles('out')
      ssc.queueStream([['a']]).foreachRDD(middle)
    })
    let attempt = 0
    const app = world.deploy(pipeline, {
      held: HELD,
      readAs: (reader) => ({
        ...reader,
        async read(...given) {
          const data = await reader.read(...given)
          const isAway = reader.kind === 'files' && (attempt += 1) === 2
          const read = (): never => {
            const problem = 'The disk gives no answer'
            throw new MillraceError('OBJECT_UNREADABLE', { problem, retryable: true })
          }
          const partitions = data.partitions.map((one) =>
            isLazy(one) && isAway ? { ...one, sizeBytes: one.sizeBytes, read } : one,
          )
          return { ...data, partitions }
        },
      }),
    })
    await app.run()
    world.write('1.txt', 500, '1\n{\n')
    await app.tick(8)
    expect(app.eventsOf('batchFailed').map(({ code }) => code)).toHaveLength(2)
    expect((await world.deadLetters()).map(([, , data]) => data)).toEqual(['{'])
    expect(world.textOf(1_000, 'part-00000')).toBe('1\n')
    expect(app.eventsOf('batchCompleted')[0]).toMatchObject({ attempt: 3 })
  })

  test('loses no dead letter of an element that a finished output could not encode', async () => {
    const middle = failing('the sink', 1)
    const app = await started((ssc) => {
      const words = ssc.kinesisTextStream('words')
      words.map((word) => (word === 'bad' ? /bad/ : word)).saveAsObjectFiles('out')
      words.foreachRDD(middle)
    })
    app.input('words').add('bad', 'good')
    await app.advance(seconds(3))
    expect((await app.deadLetters()).map(({ text }) => text)).toEqual(['bad'])
    expect(runsOf(app, ['saveAsObjectFiles-1', 'foreachRDD-1'])).toEqual([['1'], ['1 failed', '2']])
    expect(app.files).toEqual({ 'out-1000/part-00000': '"good"\n' })
  })
})
