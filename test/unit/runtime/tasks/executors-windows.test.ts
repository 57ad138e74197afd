/**
 * Windows by key in executors: outputs, dead letters and all that is stored are the same with any
 * number of executors as without, to the last bit of a float.
 */
import { type DStream, milliseconds, type Pipeline } from 'millrace'
import { describe, expect, test } from 'vitest'
import { pipelineOf } from '../harness.ts'
import { BEHAVIOURS, executorsOf, prompt, seenIn, sum, thirds } from './executors-bed.ts'
import type { StateRequest, TaskRequest } from '../../../../lib/runtime/tasks/task-request.ts'

type Lines = DStream<string>

const S1 = milliseconds(1_000)
const S2 = milliseconds(2_000)
const S3 = milliseconds(3_000)
const less = (a: number, b: number): number => a - b

/** Values that functions can change, as keys and values. */
const objects = (lines: Lines): DStream<[unknown[], { size: number }]> =>
  thirds(lines).map(([word, size]): [unknown[], { size: number }] => [
    [word.length, { word }],
    { size },
  ])

/** Changes its first argument. */
const addTo = (a: { size: number }, b: { size: number }): { size: number } => {
  a.size += b.size
  return a
}

/** What `reduceByKey` may get of one task is good. Of two tasks, it cannot merge some of it. */
const unmergeable = (a: number, b: number): number => {
  if (Math.round(a * 3) === 4 || Math.round(b * 3) === 4) throw new RangeError('cannot merge')
  return a + b
}

const OUTPUTS: Readonly<Record<string, (lines: Lines) => DStream<unknown>>> = {
  'a reduction': (lines) => thirds(lines).reduceByKeyAndWindow(sum, S3, S1, { partitions: 5 }),
  'a reduction of a long window': (lines) =>
    thirds(lines).reduceByKeyAndWindow(sum, milliseconds(60_000), S1, { partitions: 3 }),
  'a reduction with an inverse': (lines) =>
    thirds(lines).reduceByKeyAndWindow(sum, less, S3, S1, { partitions: 4 }),
  'a reduction with an inverse and a filter': (lines) =>
    thirds(lines).reduceByKeyAndWindow(sum, less, S2, S1, {
      partitions: 3,
      filter: (_, size) => size > 1e-9,
    }),
  'a slide longer than a batch': (lines) =>
    thirds(lines).reduceByKeyAndWindow(sum, S3, S2, { partitions: 3 }),
  'a slide longer than the window': (lines) =>
    thirds(lines).reduceByKeyAndWindow(sum, less, S1, S3, { partitions: 3 }),
  'objects that the function changes': (lines) =>
    objects(lines).reduceByKeyAndWindow(addTo, S3, S1, { partitions: 4 }),
  groups: (lines) => thirds(lines).groupByKeyAndWindow(S3, S1, { partitions: 4 }),
  'groups of objects, with a slide': (lines) =>
    objects(lines).groupByKeyAndWindow(S3, S2, { partitions: 3 }),
  'a count by value': (lines) =>
    lines.flatMap((line) => line.split(' ')).countByValueAndWindow(S3, S1, { partitions: 4 }),
  'a window of a window': (lines) =>
    thirds(lines)
      .reduceByKeyAndWindow(sum, S2, S1, { partitions: 3 })
      .reduceByKeyAndWindow(sum, S2, S2, { partitions: 4 }),
  'two windows of one stream, joined': (lines) =>
    thirds(lines)
      .reduceByKeyAndWindow(sum, S2, S1, { partitions: 3 })
      .join(thirds(lines).reduceByKeyAndWindow(sum, less, S3, S1, { partitions: 3 })),
  'bad keys, which cannot be merged': (lines) =>
    thirds(lines).reduceByKeyAndWindow(unmergeable, S1, S1, { partitions: 4 }),
  'bad keys of a long window': (lines) =>
    thirds(lines).reduceByKeyAndWindow(unmergeable, S3, S1, { partitions: 8 }),
  'bad values, which cannot be stored': (lines) =>
    thirds(lines)
      .map(([word, size]): [string, unknown] => [word, word === 'or' ? new Word(word) : size])
      .groupByKeyAndWindow(S3, S1, { partitions: 4 }),
  // Other words of the same line were reduced before this is seen.
  'bad values of a reduction, which cannot be stored': (lines) =>
    thirds(lines)
      .map(([word, size]): [string, unknown] => [word, word === 'or' ? new Word(word) : size])
      .reduceByKeyAndWindow(
        (a, b) => (typeof a === 'number' && typeof b === 'number' ? a + b : a),
        S3,
        S1,
        { partitions: 8 },
      ),
  'a function that throws in the end': (lines) =>
    thirds(lines).reduceByKeyAndWindow(
      (a, b) => {
        if (a > 3) throw new RangeError('too large')
        return a + b
      },
      S3,
      S1,
      { partitions: 3 },
    ),
}

class Word {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Rows whose name begins so put aside what is bad after a shuffle. */
const pipelineFor = (name: string): Pipeline =>
  pipelineOf((ssc) => OUTPUTS[name]?.(ssc.textFileStream('in')).saveAsTextFiles('out'), {
    onBadKey: name.startsWith('bad') ? 'dead-letter' : 'fail',
  })

const partitionsIn = (requests: readonly (StateRequest | TaskRequest)[]): readonly number[] =>
  requests.flatMap((request) => ('partition' in request ? [request.partition] : []))

describe.each(Object.keys(OUTPUTS))('%s', (name) => {
  test.each(Object.keys(BEHAVIOURS))('is the same where executors %s', async (behaviour) => {
    const alone = await seenIn(pipelineFor(name), undefined)
    const aside = alone.seen.deadLetters.filter((one) => String(one).includes('AndWindow'))
    expect(aside.length > 0).toBe(name.startsWith('bad'))
    for (const count of [1, 2, 4]) {
      const away: TaskRequest[] = []
      const run = BEHAVIOURS[behaviour] as (typeof BEHAVIOURS)[string]
      const spread = await seenIn(pipelineFor(name), executorsOf(count, run, away))
      expect(spread.seen).toEqual(alone.seen)
      expect(partitionsIn(away).length).toBeGreaterThan(0)
    }
  })

  test('moves in executors: the driver has only its own partitions', async () => {
    const away: TaskRequest[] = []
    await seenIn(pipelineFor(name), executorsOf(1, prompt, away))
    // Of one executor and the driver, each has every second partition.
    expect(new Set(partitionsIn(away).map((part) => part % 2))).toEqual(new Set([0]))
  })
})
