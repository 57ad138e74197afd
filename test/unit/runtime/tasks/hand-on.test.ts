/**
 * A batch that hands on at random points gives what it gives in one go, whoever computes its tasks.
 */
import { type DStream, milliseconds, type Pipeline, StateSpec } from 'millrace'
import { describe, expect, test } from 'vitest'
import { pipelineOf } from '../harness.ts'
import {
  BEHAVIOURS,
  endsAtRandom,
  executorsOf,
  seenIn,
  type SeenRun,
  sum,
  thirds,
} from './executors-bed.ts'

/** What is written, and whether its tasks can be kept. */
const PIPELINES: Readonly<
  Record<string, readonly [define: (lines: DStream<string>) => void, isKept: boolean]>
> = {
  'a reduction': [
    (lines) => thirds(lines).reduceByKey(sum, { partitions: 2 }).saveAsTextFiles('out'),
    true,
  ],
  'two outputs of one stream': [
    (lines) => {
      thirds(lines).reduceByKey(sum).saveAsTextFiles('out')
      lines.count().saveAsTextFiles('count')
    },
    true,
  ],
  'groups of structured keys that are changed in place': [
    (lines) =>
      thirds(lines)
        .map(([word, size]): [unknown[], number] => [[word, { size }], size])
        .groupByKey()
        .map(([[word], sizes]) => {
          sizes.push(1)
          return `${word as string} ${sizes.reduce(sum)}`
        })
        .saveAsTextFiles('out'),
    true,
  ],
  'a state in partitions': [
    (lines) =>
      thirds(lines)
        .updateStateByKey<number>((all, total = 0) => all.reduce(sum, total), { partitions: 3 })
        .saveAsTextFiles('out'),
    true,
  ],
  'a state with a mapping, and another one': [
    (lines) => {
      thirds(lines)
        .mapWithState(
          StateSpec.function<string, number, number, string>((word, size, state) => {
            state.update((state.getOption() ?? 0) + (size ?? 0))
            return `${word} ${state.get()}`
          }),
        )
        .saveAsTextFiles('out')
      thirds(lines)
        .updateStateByKey<number>((all, total = 0) => all.reduce(sum, total))
        .saveAsTextFiles('all')
    },
    true,
  ],
  'a window in partitions': [
    (lines) =>
      thirds(lines)
        .reduceByKeyAndWindow(sum, milliseconds(2_000), milliseconds(1_000), { partitions: 3 })
        .saveAsTextFiles('out'),
    true,
  ],
  'a join': [
    (lines) => thirds(lines).join(thirds(lines).reduceByKey(sum)).saveAsTextFiles('out'),
    true,
  ],
  'elements without a shuffle': [(lines) => lines.saveAsTextFiles('out'), false],
  'a kept stream': [
    (lines) => thirds(lines).cache().reduceByKey(sum).saveAsTextFiles('out'),
    false,
  ],
  'a function that catches all errors': [
    (lines) => {
      thirds(lines).reduceByKey(sum).saveAsTextFiles('out')
      thirds(lines)
        .reduceByKey(sum)
        .foreachRDD(async (rdd) => {
          try {
            await rdd.collect()
          } catch {
            // The batch does not count as done all the same.
          }
        })
    },
    true,
  ],
  'values that cannot be stored': [
    (lines) =>
      thirds(lines)
        .map(([word]): [string, Word] => [word, new Word(word)])
        .reduceByKey((a) => a)
        .map(([, { text }]) => text)
        .saveAsTextFiles('out'),
    false,
  ],
}

class Word {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Names of segments and epochs say which attempt was the last one. All else must be equal. */
const withoutAttempts = ({ seen: { manifest, files, deadLetters, records } }: SeenRun): string => {
  const { previous: _, deadLetterEpoch: __, ...named } = manifest
  return JSON.stringify({ named, files: [...files], deadLetters, records }, undefined, 1)
    .replaceAll(/attempt\d+/g, 'attempt')
    .replaceAll(/epoch\\":\d+/g, 'epoch')
}

const pipeline = (name: string): Pipeline =>
  pipelineOf((ssc) => PIPELINES[name]?.[0](ssc.textFileStream('in')))

describe.each(Object.keys(PIPELINES))('%s', (name) => {
  const [, isKept] = PIPELINES[name] as (typeof PIPELINES)[string]

  test.each<readonly [where: string, behaviour: string | undefined]>([
    ['in this process', undefined],
    ...Object.keys(BEHAVIOURS).map((key) => [`where executors ${key}`, key] as const),
  ])('is the same when it is handed on, %s', async (_, behaviour) => {
    const run = behaviour === undefined ? undefined : BEHAVIOURS[behaviour]
    const executors = run && executorsOf(2, run)
    const whole = withoutAttempts(await seenIn(pipeline(name), undefined))
    let handedOn = 0
    for (const [index, timeoutMs] of [0, 0, 60_000, 60_000].entries()) {
      const ended = endsAtRandom(11 + index, timeoutMs)
      const parts = await seenIn(pipeline(name), executors, ended)
      expect(withoutAttempts(parts)).toEqual(whole)
      handedOn += parts.handedOn.length
    }
    // Executors may have all tasks before the first result is there to be kept.
    if (behaviour === undefined || !isKept) expect(handedOn > 0).toBe(isKept)
  })
})
