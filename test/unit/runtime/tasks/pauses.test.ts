import { type DStream, milliseconds, seconds, StateSpec, type StreamOptions } from 'millrace'
import { expect, test } from 'vitest'
import { pipelineOf, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'
const KEYS = 1_000
/** How long a call of a user function takes. */
const CALL_MS = 1

type Pairs = DStream<[string, number]>
type Tick = <T>(value: T) => T

/** Runs three batches: two with all keys from two partitions, and an empty one. */
const measure = async (
  define: (pairs: Pairs, tick: Tick) => DStream<unknown>,
  options: Partial<StreamOptions>,
): Promise<{ calls: number; longestMs: number }> => {
  const world = new World()
  let [lastMs, longestMs, calls] = [world.nowMs, 0, 0]
  const tick: Tick = (value) => {
    world.advance(CALL_MS)
    calls += 1
    longestMs = Math.max(longestMs, world.nowMs - lastMs)
    return value
  }
  world.clock.sleep = async () => void (lastMs = world.nowMs)
  const pipeline = pipelineOf((ssc) => {
    const pairs = ssc.socketTextStream('localhost', 9999).map((word): [string, number] => [word, 1])
    define(pairs, tick).saveAsTextFiles('out')
  }, options)
  const app = world.deploy(pipeline)
  await app.run()
  const keys = Array.from({ length: KEYS }, (_, index) => `key ${index}`)
  for (const batch of [0, 1, 2]) {
    lastMs = world.nowMs
    for (const lane of batch === 2 ? [] : ['a', 'b'])
      await app.append(SOURCE, 1 + batch * KEYS, keys, lane)
    lastMs = world.nowMs + 1_000
    world.advance(1_000 - (world.nowMs % 1_000))
    lastMs = world.nowMs
    await app.driver.run({ mayGoOn: () => false })
  }
  return { calls, longestMs }
}

const sum =
  (tick: Tick) =>
  (a: number, b: number): number =>
    tick(a + b)

test.for<[string, (pairs: Pairs, tick: Tick) => DStream<unknown>, Partial<StreamOptions>?]>([
  ['reduceByKey', (pairs, tick) => pairs.reduceByKey(sum(tick))],
  [
    'reduceByKey, bad keys fail',
    (pairs, tick) => pairs.reduceByKey(sum(tick)),
    { onBadKey: 'fail' },
  ],
  [
    'updateStateByKey',
    (pairs, tick) => pairs.updateStateByKey<number>((ones, n = 0) => tick(n + ones.length)),
  ],
  [
    'mapWithState',
    (pairs, tick) =>
      pairs.mapWithState(StateSpec.function<string, number, number, string>((key) => tick(key))),
  ],
  [
    'mapWithState, bad keys fail',
    (pairs, tick) =>
      pairs.mapWithState(StateSpec.function<string, number, number, string>((key) => tick(key))),
    { onBadKey: 'fail' },
  ],
  [
    'the time-outs of mapWithState',
    (pairs, tick) =>
      pairs.mapWithState(
        StateSpec.function<string, number, number, string>((key, _, state) => {
          if (state.isTimingOut()) return tick(key)
          state.update(1)
          return key
        }).timeout(milliseconds(1)),
      ),
  ],
  [
    'reduceByKeyAndWindow',
    (pairs, tick) => pairs.reduceByKeyAndWindow(sum(tick), seconds(2), seconds(1)),
  ],
  [
    'reduceByKeyAndWindow with an inverse',
    (pairs, tick) =>
      pairs.reduceByKeyAndWindow(
        sum((value) => value),
        (a, b) => tick(a - b),
        seconds(1),
        seconds(1),
      ),
  ],
])('the event loop turns while %s calls a function for each key', async ([, define, options]) => {
  const { calls, longestMs } = await measure(define, options ?? {})
  expect(calls).toBeGreaterThanOrEqual(KEYS)
  // 50 ms, and the calls until the next question.
  expect(longestMs).toBeLessThanOrEqual(50 + 2 * 64 * CALL_MS)
})
