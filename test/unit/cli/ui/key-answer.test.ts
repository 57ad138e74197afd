/** Looking up keys on the page, in states that a pipeline has made. */
import { beforeAll, describe, expect, test } from 'vitest'
import { type KeyLookUp, keyLookUp } from '../../../../cli/ui/key-answer.ts'
import type { KeyAnswer } from '../../../../page/answers.ts'
import { errorOf } from '../../../contract/errors.ts'
import { APP, pipelineOf, World } from '../../runtime/harness.ts'

const SOURCE = 'socketTextStream-1'
const PARTITIONS = 3
const BATCHES = 30
const LARGE = 30_000
/** Of a machine that does much else. */
const SLOW_MS = 60_000

const pipeline = pipelineOf((ssc) =>
  ssc
    .socketTextStream('host', 1)
    .mapToPair((line): [string | number, string] => [
      /^\d+$/.test(line) ? Number(line) : line,
      line === 'large' ? 'x'.repeat(LARGE) : '<b>',
    ])
    .updateStateByKey<string>((lines, all = '') => all + lines.join(''), {
      partitions: PARTITIONS,
    })
    .named('seen')
    .foreachRDD(() => undefined),
)

describe('a key', () => {
  const world = new World()
  let lookUp: KeyLookUp
  let reads = 0
  beforeAll(async () => {
    const app = world.deploy(pipeline)
    for (let batch = 0; batch < BATCHES; batch++) {
      await app.append(SOURCE, batch * 3 + 1, [`word-${batch}`, String(batch), 'large'])
      world.advance(1_000)
      await app.run()
    }
    const { store, clock } = world
    const counted = {
      ...store,
      get: (...given: Parameters<typeof store.get>) => {
        reads += 1
        return store.get(...given)
      },
      query: (...given: Parameters<typeof store.query>) => {
        reads += 1
        return store.query(...given)
      },
    }
    lookUp = keyLookUp({
      app: APP,
      store: counted,
      clock,
      where: 'here',
      how: 'run',
      target: '--state here',
      plan: undefined,
      intervalMs: 1_000,
    })
  }, SLOW_MS)

  test.each<[string, string, Partial<KeyAnswer>]>([
    ['that is text', 'word-3', { key: '"word-3"', value: '"<b>"' }],
    ['that is text in quotes', '"word-3"', { key: '"word-3"', value: '"<b>"' }],
    ['that is a number', '7', { key: '7', value: '"<b>"', hint: expect.any(String) as string }],
    ['that was never there', 'nobody', { key: '"nobody"' }],
    ['that is a number as text', '"7"', { key: '"7"' }],
  ])('%s', async (_, typed, expected) => {
    const answer = await lookUp('seen', typed)
    expect(answer).toMatchObject({ state: 'seen', partitions: PARTITIONS, ...expected })
    expect(answer.value === undefined).toBe(expected.value === undefined)
    expect(answer.partition).toBeLessThan(PARTITIONS)
  })

  test('with a large state is shown in part, and says how much is left out', async () => {
    const { value = '', cut = 0 } = await lookUp('seen', 'large')
    expect(value.length).toBeLessThanOrEqual(20_000)
    expect(value.length + cut).toBe(BATCHES * LARGE + 2)
  })

  test.each([
    ['of an operator that keeps none', 'nothing', 'a', 'STATE_UNKNOWN'],
    ['without a state', '', 'a', 'STATE_UNKNOWN'],
  ])('%s is refused', async (_, state, typed, code) => {
    expect(await errorOf(() => lookUp(state, typed))).toMatchObject({ code })
  })

  test('costs a bounded number of reads, and many at once are refused', async () => {
    const before = reads
    await lookUp('seen', 'word-1')
    expect(reads - before).toBeLessThanOrEqual(24)
    const all = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => lookUp('seen', `word-${index}`)),
    )
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(8)
  })
})
