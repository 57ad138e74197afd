/**
 * Accumulators add each record once in each committed batch: whoever computes the tasks, however
 * often, and whatever fails. The oracle is a plain loop over the words of the batches.
 */
import { type DStream, type Pipeline, StateSpec, type StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import { valueOfStored } from '../../../../lib/rdd/adds/accumulator-set.ts'
import { pipelineOf } from '../harness.ts'
import {
  BEHAVIOURS,
  endsAtRandom,
  executorsOf,
  seenIn,
  type SeenRun,
  sum,
  TEXTS,
  turns,
} from './executors-bed.ts'

/** The batches of `seenIn`: their good words, and those that throw. */
const BATCHES = [TEXTS, TEXTS.slice(3), TEXTS.slice(1, 4), [], TEXTS.slice(0, 2), TEXTS]
const LINES = BATCHES.flat().flatMap((text) => text.split('\n'))
const GOOD = LINES.filter((line) => !line.includes('!'))
const WORDS = GOOD.flatMap((line) => line.split(' '))

type Counted = (ssc: StreamingContext, lines: DStream<string>) => void

const letters = WORDS.reduce((total, word) => total + word.length, 0)
const keyed = (lines: DStream<string>): DStream<[string, number]> =>
  lines.flatMap((line) => line.split(' ')).map((word): [string, number] => [word, word.length])

/** Words that throw for one letter: their record is bad as a whole. */
const checked = (lines: DStream<string>): DStream<string> =>
  lines.map((line) => {
    if (line.includes('!')) throw new RangeError('bad line')
    return line
  })

const CASES: Readonly<
  Record<string, { define: Counted; gives: Readonly<Record<string, unknown>> }>
> = {
  'in a map before a shuffle': {
    define(ssc, lines) {
      const seen = ssc.longAccumulator('seen')
      keyed(checked(lines))
        .map(([word, size]): [string, number] => {
          seen.add(size)
          return [word, size]
        })
        .reduceByKey(sum)
        .saveAsTextFiles('out')
    },
    gives: { seen: letters },
  },
  'before what is found bad later': {
    define(ssc, lines) {
      const seen = ssc.longAccumulator('seen')
      const counted = lines.map((line) => {
        seen.add(1)
        return line
      })
      checked(counted).saveAsTextFiles('out')
    },
    gives: { seen: GOOD.length },
  },
  'in a stream that two outputs and a union compute': {
    define(ssc, lines) {
      const seen = ssc.longAccumulator('seen')
      const halves = ssc.doubleAccumulator('halves')
      const counted = checked(lines).filter((line) => {
        seen.add(1)
        halves.add(line.length / 2)
        return true
      })
      counted.saveAsTextFiles('out')
      counted.count().saveAsTextFiles('count')
      lines
        .filter(() => false)
        .union(counted)
        .map((line) => line.length)
        .saveAsTextFiles('sizes')
    },
    gives: { seen: GOOD.length, halves: GOOD.reduce((all, line) => all + line.length / 2, 0) },
  },
  'in a lazy function': {
    define(ssc, lines) {
      const seen = ssc.longAccumulator('seen')
      checked(lines)
        .flatMap(function* (line) {
          for (const word of line.split(' ')) {
            seen.add(1)
            yield word
          }
        })
        .saveAsTextFiles('out')
    },
    gives: { seen: WORDS.length },
  },
  'in functions of partitions that wait': {
    define(ssc, lines) {
      const seen = ssc.longAccumulator('seen')
      const mapped = checked(lines)
        .repartition(3)
        .mapPartitions(async (part) => {
          const all = [...part]
          for (const _ of all) {
            await turns(1)
            seen.add(1)
          }
          return all
        })
      mapped.saveAsTextFiles('out')
      mapped.count().saveAsTextFiles('count')
    },
    gives: { seen: GOOD.length },
  },
  'in a state by key': {
    define(ssc, lines) {
      const seen = ssc.longAccumulator('seen')
      keyed(checked(lines))
        .updateStateByKey<number>(
          (all, total = 0) => {
            for (const _ of all) seen.add(1)
            return all.reduce(sum, total)
          },
          { partitions: 3 },
        )
        .saveAsTextFiles('out')
    },
    gives: { seen: WORDS.length },
  },
  'in a state with a mapping': {
    define(ssc, lines) {
      const seen = ssc.longAccumulator('seen')
      keyed(checked(lines))
        .mapWithState(
          StateSpec.function<string, number, number, string>((word, _, state) => {
            seen.add(1)
            state.update((state.getOption() ?? 0) + 1)
            return word
          }).numPartitions(3),
        )
        .saveAsTextFiles('out')
    },
    gives: { seen: WORDS.length },
  },
  'in functions of RDDs': {
    define(ssc, lines) {
      const [seen, direct] = [ssc.longAccumulator('seen'), ssc.longAccumulator('direct')]
      checked(lines)
        .transform((rdd) => {
          direct.add(1)
          const counted = (line: string): boolean => {
            seen.add(1)
            return line !== ''
          }
          return rdd.filter(counted).union(rdd.filter(counted))
        })
        .saveAsTextFiles('out')
    },
    gives: { seen: 2 * GOOD.length, direct: BATCHES.length },
  },
  'in an output': {
    define(ssc, lines) {
      const [seen, direct] = [ssc.longAccumulator('seen'), ssc.longAccumulator('direct')]
      checked(lines).saveAsTextFiles('out')
      checked(lines).foreachRDD(async (rdd) => {
        direct.add(1)
        await rdd.foreach((line) => seen.add(line.length))
        await rdd.map((line) => seen.add(line.length)).count()
      })
    },
    gives: { seen: 2 * GOOD.join('').length, direct: BATCHES.length },
  },
  'as collections and as one of its own': {
    define(ssc, lines) {
      const last = ssc.collectionAccumulator<string>('last', { max: 2 })
      const longest = ssc.accumulator<string, string>('longest', {
        zero: () => '',
        add: (before, word) => (word.length > before.length ? word : before),
        merge: (a, b) => (b.length > a.length ? b : a),
      })
      keyed(checked(lines))
        .filter(([word]) => {
          longest.add(word)
          last.add(word)
          return true
        })
        .saveAsTextFiles('out')
    },
    gives: {
      last: WORDS.slice(-2),
      longest: WORDS.reduce((a, b) => (b.length > a.length ? b : a)),
    },
  },
}

const valuesOf = async ({
  world,
}: Pick<SeenRun, 'world'>): Promise<Readonly<Record<string, unknown>>> => {
  const { afterCommit } = await world.head()
  return Object.fromEntries(
    Object.entries(afterCommit?.accumulators ?? {}).map(([name, one]) => [
      name,
      valueOfStored(one),
    ]),
  )
}

const pipelineFor = (name: string): Pipeline =>
  pipelineOf((ssc) => CASES[name]?.define(ssc, ssc.textFileStream('in')), { whenIdle: 'tick' })

describe.each(Object.keys(CASES))('%s', (name) => {
  const { gives } = CASES[name] as (typeof CASES)[string]

  test('each record counts once', async () => {
    const run = await seenIn(pipelineFor(name), undefined)
    expect(await valuesOf(run)).toEqual(gives)
  })

  test.each(Object.keys(BEHAVIOURS))('each record counts once where executors %s', async (how) => {
    const behaviour = BEHAVIOURS[how] as (typeof BEHAVIOURS)[string]
    const run = await seenIn(pipelineFor(name), executorsOf(2, behaviour))
    expect(await valuesOf(run)).toEqual(gives)
  })

  test('each record counts once where batches are handed on at random', async () => {
    for (const [index, timeoutMs] of [0, 0, 60_000].entries()) {
      const ended = endsAtRandom(21 + index, timeoutMs)
      const executors =
        index === 1
          ? executorsOf(2, BEHAVIOURS['often give no answer'] as (typeof BEHAVIOURS)[string])
          : undefined
      expect(await valuesOf(await seenIn(pipelineFor(name), executors, ended))).toEqual(gives)
    }
  })
})
