/**
 * Windows by time in executors: outputs, late records, dead letters and all that is stored are the
 * same with any number of executors as without.
 */
import { type DStream, milliseconds, type Pipeline } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { TaskRequest } from '../../../../lib/runtime/tasks/task-request.ts'
import { pipelineOf } from '../harness.ts'
import { BEHAVIOURS, executorsOf, seenIn, sum, thirds } from '../tasks/executors-bed.ts'

type Lines = DStream<string>

/** The longer a word, the later it is. */
const timed = (lines: Lines) =>
  thirds(lines).withEventTime(([word]) => word.length * 100, { lateness: milliseconds(150) })

const OUTPUTS: Readonly<Record<string, (lines: Lines) => DStream<unknown>>> = {
  'sliding windows, and late records': (lines) => {
    const results = timed(lines)
      .window(milliseconds(500), milliseconds(200))
      .reduceByKey(sum, { partitions: 3, early: true })
    return results.map(String).union(results.late().map((one) => JSON.stringify(one)))
  },
  'sessions of structured keys': (lines) =>
    thirds(lines)
      .map(([word, size]): [unknown[], number] => [[word.slice(0, 1), { size: 1 }], size])
      .withEventTime(([, size]) => size * 900)
      .sessionWindow(milliseconds(300))
      .groupByKey({ partitions: 4 }),
  'sessions by batch time': (lines) =>
    thirds(lines).sessionWindow(milliseconds(1_000)).countByKey({ partitions: 2 }),
  'bad keys, which cannot be merged': (lines) =>
    timed(lines)
      .window(milliseconds(10_000))
      .reduceByKey(
        (a, b) => {
          if (a === 8 / 3 && b === 8 / 3) throw new RangeError('no')
          return a + b
        },
        { partitions: 3 },
      ),
}

/** Rows whose name begins so put aside what is bad after a shuffle. */
const pipelineFor = (name: string): Pipeline =>
  pipelineOf((ssc) => OUTPUTS[name]?.(ssc.textFileStream('in')).saveAsTextFiles('out'), {
    onBadKey: name.startsWith('bad') ? 'dead-letter' : 'fail',
  })

describe.each(Object.keys(OUTPUTS))('%s', (name) => {
  test.each(['answer in any order', 'often give no answer'])(
    'are the same where executors %s',
    async (behaviour) => {
      const alone = await seenIn(pipelineFor(name), undefined)
      expect([...alone.seen.files.values()].join('').length).toBeGreaterThan(100)
      for (const count of [1, 3]) {
        const away: TaskRequest[] = []
        const run = BEHAVIOURS[behaviour] as (typeof BEHAVIOURS)[string]
        const spread = await seenIn(pipelineFor(name), executorsOf(count, run, away))
        expect(spread.seen).toEqual(alone.seen)
        // Both the records and the states.
        expect(away.some((one) => 'partition' in one)).toBe(true)
        expect(away.some((one) => 'index' in one && one.node !== 'saveAsTextFiles-1')).toBe(true)
      }
    },
  )
})
