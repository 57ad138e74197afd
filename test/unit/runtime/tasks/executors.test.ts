import { type DStream, milliseconds, type Pipeline, StateSpec } from 'millrace'
import { describe, expect, test } from 'vitest'
import { isLazy } from '../../../../lib/rdd/partition.ts'
import type { SourceReader } from '../../../../lib/runtime/sources/source-reader.ts'
import type { TaskRequest } from '../../../../lib/runtime/tasks/task-request.ts'
import type { TaskServer } from '../../../../lib/runtime/tasks/task-server.ts'
import { pipelineOf, World } from '../harness.ts'
import {
  asLarge,
  BEHAVIOURS,
  executorsOf,
  HELD,
  prompt,
  type Run,
  seenIn,
  sum,
  thirds,
} from './executors-bed.ts'

const OUTPUTS: Readonly<Record<string, (lines: DStream<string>) => DStream<unknown>>> = {
  'a reduction': (lines) => thirds(lines).reduceByKey(sum, { partitions: 2 }),
  'two reductions': (lines) =>
    thirds(lines)
      .reduceByKey(sum)
      .map(([, size]): [number, number] => [Math.round(size), size])
      .reduceByKey(sum),
  'groups of structured keys': (lines) =>
    thirds(lines)
      .map(([word, size]): [unknown[], number] => [[word, { size }], size])
      .groupByKey(),
  'state by key': (lines) =>
    thirds(lines).updateStateByKey<number>((all, total = 0) => all.reduce(sum, total)),
  'a window': (lines) => thirds(lines).reduceByKeyAndWindow(sum, milliseconds(2_000)),
  'state with a mapping': (lines) =>
    thirds(lines).mapWithState(
      StateSpec.function<string, number, number, string>((word, size, state) => {
        state.update((state.getOption() ?? 0) + (size ?? 0))
        return `${word} ${state.get()}`
      }),
    ),
  'state by key in partitions': (lines) =>
    thirds(lines).updateStateByKey<number>((all, total = 0) => all.reduce(sum, total), {
      partitions: 5,
    }),
  'state of structured keys, with an end': (lines) =>
    thirds(lines)
      .map(([word, size]): [unknown[], number] => [[word, { size }], size])
      .updateStateByKey<{ total: number }>(
        (all, state = { total: 0 }) => {
          state.total = all.reduce(sum, state.total)
          return state
        },
        { partitions: 3, ttl: milliseconds(1_000) },
      ),
  'state with bad keys in partitions': (lines) =>
    thirds(lines).updateStateByKey<number>(
      (all, total = 0, word) => {
        if (word === 'question') throw new RangeError('bad key')
        return all.reduce(sum, total)
      },
      { partitions: 3 },
    ),
  'state with a mapping in partitions': (lines) =>
    thirds(lines).mapWithState(
      StateSpec.function<string, number, number, string>((word, size, state) => {
        if (state.isTimingOut()) return `${word} ends`
        state.update((state.getOption() ?? 0) + (size ?? 0))
        return `${word} ${state.get()}`
      })
        .numPartitions(4)
        .timeout(milliseconds(1_000)),
    ),
  'state with timers in partitions': (lines) =>
    thirds(lines).mapWithState(
      StateSpec.function<string, number, number, string | void>((word, size, state, time) => {
        if (state.isTimerFiring()) return `${word} is due`
        if (!state.exists()) state.update(0)
        state.setTimer(time.plus(milliseconds(1_000)))
        state.update((state.getOption() ?? 0) + (size ?? 0))
        return undefined
      })
        .timers()
        .numPartitions(3),
    ),
  'a mapping to what no other process can have': (lines) =>
    thirds(lines)
      .mapWithState(
        StateSpec.function<string, number, number, Word>((word, _, state) => {
          state.update((state.getOption() ?? 0) + 1)
          return new Word(`${word} ${state.get()}`)
        }).numPartitions(3),
      )
      .map(({ text }) => text),
  'a state that is shown too': (lines) =>
    thirds(lines)
      .mapWithState(
        StateSpec.function<string, number, number, void>((_, size, state) =>
          state.update((state.getOption() ?? 0) + (size ?? 0)),
        ).numPartitions(3),
      )
      .stateSnapshots(),
  'elements divided anew': (lines) =>
    lines
      .flatMap((line) => line.split(' '))
      .repartition(5)
      .map((word) => word.toUpperCase())
      .filter((word) => word.length > 2),
  'a reduction of elements divided anew': (lines) =>
    thirds(lines)
      .repartition(4)
      .map(([word, size]): [string, number] => [word.slice(0, 2), size / 3])
      .reduceByKey(sum, { partitions: 4 })
      .mapValues((size) => size / 7),
  'groups by structured keys, divided': (lines) =>
    thirds(lines)
      .map(([word, size]): [unknown[], number] => [[word, { size }], size])
      .groupByKey({ partitions: 4 })
      .map(([[word], sizes]) => `${word as string} ${sizes.reduce(sum)}`),
  'partitions of what was divided': (lines) =>
    thirds(lines)
      .partitionBy(4)
      .mapPartitions((part) => [[...part].map(([word]) => word).join('|')]),
  'a bad element after a division': (lines) =>
    thirds(lines)
      .reduceByKey(sum, { partitions: 4 })
      .map(([word, size]) => {
        if (word === 'sea') throw new RangeError('bad element')
        return `${word} ${size}`
      }),
  'what no other process can have, divided': (lines) =>
    thirds(lines)
      .map(([word]) => new Word(word))
      .repartition(4)
      .map(({ text }) => text),
  'a state of elements divided anew': (lines) =>
    thirds(lines)
      .repartition(4)
      .updateStateByKey<number>((all, total = 0) => all.reduce(sum, total), { partitions: 3 }),
  'a union of what was divided': (lines) =>
    lines
      .repartition(3)
      .union(lines.repartition(4))
      .map((line) => line.length),
  'a window of groups': (lines) => thirds(lines).groupByKeyAndWindow(milliseconds(2_000)),
  'a raw window': (lines) => lines.window(milliseconds(2_000)).count(),
  'a count by value': (lines) => lines.flatMap((line) => line.split(' ')).countByValue(),
  'a join with itself': (lines) => thirds(lines).join(thirds(lines).reduceByKey(sum)),
  'a union': (lines) => thirds(lines).union(thirds(lines)).reduceByKey(sum),
  'elements without a shuffle': (lines) => lines.filter((line) => line.length > 3),
  'a count': (lines) => lines.count(),
  'a function of partitions': (lines) =>
    lines.mapPartitions((part) => [[...part].toReversed().join('|')]),
  'a kept stream': (lines) => thirds(lines).cache().reduceByKey(sum),
  'a function of an RDD': (lines) =>
    thirds(lines).transform((rdd) => rdd.reduceByKey(sum).map(([word]) => word)),
  'values that no other process can have': (lines) =>
    thirds(lines)
      .map(([word]): [string, Word] => [word, new Word(word)])
      .reduceByKey((a) => a)
      .map(([, { text }]) => text),
}

class Word {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

describe.each(Object.keys(OUTPUTS))('%s', (name) => {
  const pipeline = (): Pipeline =>
    pipelineOf(
      (ssc) => {
        const lines = ssc.textFileStream('in')
        OUTPUTS[name]?.(lines).saveAsTextFiles('out')
      },
      { onBadKey: name.includes('bad') ? 'dead-letter' : 'fail' },
    )

  test.each(Object.keys(BEHAVIOURS))('is the same where executors %s', async (behaviour) => {
    const alone = await seenIn(pipeline(), undefined)
    expect(alone.seen.files.size).toBeGreaterThan(2)
    for (const count of [1, 3]) {
      const run = BEHAVIOURS[behaviour] as (typeof BEHAVIOURS)[string]
      const spread = await seenIn(pipeline(), executorsOf(count, run))
      expect(spread.seen).toEqual(alone.seen)
    }
  })
})

describe('executors', () => {
  const requestsOf = async (
    define: (lines: DStream<string>) => void,
  ): Promise<readonly TaskRequest[]> => {
    const away: TaskRequest[] = []
    const pipeline = pipelineOf((ssc) => define(ssc.textFileStream('in')))
    await seenIn(pipeline, executorsOf(2, prompt, away))
    return away
  }

  test.each<[what: string, stages: readonly string[], define: (lines: DStream<string>) => void]>([
    [
      'map tasks and result tasks that begin in a source',
      ['count-1/result/1', 'reduceByKey-1/map/1'],
      (lines) => {
        thirds(lines).reduceByKey(sum).saveAsTextFiles('out')
        lines.count().saveAsTextFiles('count')
      },
    ],
    [
      'no second shuffle',
      ['reduceByKey-1/map/1'],
      (lines) =>
        thirds(lines)
          .reduceByKey(sum)
          .map(([, size]): [number, number] => [size, 1])
          .reduceByKey(sum)
          .saveAsTextFiles('out'),
    ],
    [
      'both sides of a join',
      ['join-1/map/1', 'join-1/map/2'],
      (lines) => thirds(lines).join(thirds(lines)).saveAsTextFiles('out'),
    ],
    [
      'nothing of a kept stream',
      [],
      (lines) => thirds(lines).cache().reduceByKey(sum).saveAsTextFiles('out'),
    ],
    [
      'nothing of a function of an RDD',
      [],
      (lines) => lines.foreachRDD(async (rdd) => void (await rdd.count())),
    ],
    ['nothing of a first look', [], (lines) => lines.print()],
    [
      'tasks over what the driver has computed, in several partitions',
      ['reduceByKey-1/map/1', 'saveAsTextFiles-1/write/1'],
      (lines) =>
        thirds(lines)
          .reduceByKey(sum, { partitions: 4 })
          .map(([word]) => word)
          .saveAsTextFiles('out'),
    ],
  ])('get %s', async (_, stages, define) => {
    const away = await requestsOf(define)
    const names = away.map(({ node, side, number }) => `${node}/${side}/${number}`)
    expect([...new Set(names)].toSorted()).toEqual(stages)
  })

  test.each([
    { what: 'an old generation', change: { generation: 0 } },
    { what: 'another plan', change: { plan: '0000000000000000' } },
    { what: 'another application', change: { app: 'other' } },
  ])('of $what are left alone after the first refusal', async ({ change }) => {
    const away: TaskRequest[] = []
    const run =
      (servers: readonly TaskServer[]): Run =>
      (executor, request, ...rest) =>
        prompt(servers)(executor, { ...request, ...change }, ...rest)
    const pipeline = (): Pipeline =>
      pipelineOf((ssc) => thirds(ssc.textFileStream('in')).reduceByKey(sum).saveAsTextFiles('out'))
    const alone = await seenIn(pipeline(), undefined)
    const { seen, warnings } = await seenIn(pipeline(), executorsOf(1, run, away))
    expect(seen).toEqual(alone.seen)
    expect(warnings).toEqual(['EXECUTOR_REFUSED'])
    // Those of the first stage: nothing is asked in the second batch.
    expect(new Set(away.map(({ timeMs }) => timeMs)).size).toBe(1)
  })

  test('say once that values cannot be sent', async () => {
    const away: TaskRequest[] = []
    const pipeline = pipelineOf((ssc) =>
      OUTPUTS['values that no other process can have']?.(ssc.textFileStream('in')).saveAsTextFiles(
        'out',
      ),
    )
    const { warnings } = await seenIn(pipeline, executorsOf(1, prompt, away))
    expect(warnings).toEqual(['EXECUTOR_REFUSED'])
    expect(new Set(away.map(({ timeMs }) => timeMs)).size).toBe(1)
  })

  test('read what they compute, and nothing else', async () => {
    const world = new World()
    const reads: string[] = []
    const count = (reader: SourceReader): SourceReader => {
      const large = asLarge(reader)
      return {
        ...large,
        read: async (...given) => {
          const data = await large.read(...given)
          return {
            ...data,
            partitions: data.partitions.map((one, index) =>
              isLazy(one) ? { ...one, read: () => (reads.push(String(index)), one.read()) } : one,
            ),
          }
        },
      }
    }
    const pipeline = pipelineOf((ssc) =>
      thirds(ssc.textFileStream('in')).reduceByKey(sum).saveAsTextFiles('out'),
    )
    const app = world.deploy(pipeline, {
      held: HELD,
      readAs: count,
      executors: executorsOf(2, prompt),
    })
    await app.run()
    for (let index = 0; index < 20; index++) world.write(`${index}.txt`, 500, 'to be\n')
    await app.tick()
    expect(reads.toSorted()).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index)).toSorted(),
    )
  })
})
