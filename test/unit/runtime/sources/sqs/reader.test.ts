/** What the reader of a queue costs and keeps, and what happens to messages that fail. */
import { milliseconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Death, isLedger, LAZY, QueueBed, SOURCE, START_MS } from './queue-bed.ts'

const ids = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `message ${from + index}`)

const DAY_S = 86_400

describe('the ledger', () => {
  test('is read once for each message of a batch, and written once', async () => {
    const bed = new QueueBed()
    await bed.run()
    await bed.deliver(...ids(10), ...ids(10))
    await bed.restart()
    await bed.run()
    const calls = bed.calls.filter(isLedger).map(({ call }) => call)
    expect(calls).toEqual([...Array.from({ length: 10 }, () => 'get'), 'putAll'])
  })

  test('B8: is read for no more messages than a batch may take', async () => {
    const bed = new QueueBed({ limits: { records: 20 } })
    await bed.run()
    for (let event = 0; event < 10; event++) await bed.deliver(...ids(10, event * 10))
    const asked: number[] = []
    for (let batch = 0; batch < 6; batch++) {
      await bed.restart()
      await bed.run()
      asked.push(bed.calls.filter((one) => isLedger(one) && one.call === 'get').length)
    }
    expect(Math.max(...asked)).toBeLessThanOrEqual(20)
    expect(bed.taken).toEqual(ids(100))
  })

  test('keeps a message for 45 days, then the table deletes the entry', async () => {
    const bed = new QueueBed()
    await bed.run()
    await bed.deliver('a')
    const receivedS = Math.ceil(bed.nowMs / 1_000)
    await bed.run()
    const entries = await bed.store.query(`orders#obj#${SOURCE}/messages`)
    expect(entries.map(({ sort, item }) => [sort, item])).toEqual([
      ['a', { takenMs: bed.nowMs, ttl: receivedS + 45 * DAY_S }],
    ])
  })

  test('keeps the first batch: a repeated message changes nothing', async () => {
    const bed = new QueueBed()
    await bed.run()
    await bed.deliver('a')
    await bed.run()
    const before = await bed.store.query(`orders#obj#${SOURCE}/messages`)
    await bed.deliver('a', 'b')
    await bed.run()
    const after = await bed.store.query(`orders#obj#${SOURCE}/messages`)
    expect(after.find(({ sort }) => sort === 'a')).toEqual(before[0])
  })
})

/** A batch with a message of an earlier batch, and a new message that always fails. */
const failing = async (): Promise<{ readonly bed: QueueBed; readonly mend: () => void }> => {
  let isBroken = false
  const bed = new QueueBed({
    retry: { attempts: 1, for: milliseconds(1) },
    finish: () => {
      if (isBroken) throw new Error('no connection')
    },
  })
  await bed.run()
  await bed.deliver('a')
  await bed.run()
  isBroken = true
  await bed.deliver('a', 'b')
  await bed.run()
  bed.nowMs += 60_000
  expect(await bed.run()).toMatchObject({ kind: 'failed' })
  return { bed, mend: () => (isBroken = false) }
}

describe('a batch that is skipped', () => {
  test('has taken its messages: a repeated one is left out', async () => {
    const { bed, mend } = await failing()
    const { held, timeMs } = await bed.skip()
    expect(held).toEqual([`2 records of ${SOURCE}: positions 2 to 3 of lane @messages`])
    mend()
    bed.batches.delete(timeMs - START_MS)
    await bed.restart()
    await bed.deliver('b', 'a', 'c')
    await bed.run()
    expect(bed.taken).toEqual(['a', 'c'])
  })

  test('takes its messages after all, if the command died and the batch is resumed', async () => {
    const { bed, mend } = await failing()
    const death: Death = { at: ({ call }) => call === 'compareAndSet', applied: false }
    await expect(bed.skip(death)).rejects.toThrow('dead')
    mend()
    await bed.resume()
    await bed.restart()
    await bed.run()
    expect(bed.taken).toEqual(['a', 'b'])
    expect(bed.unequalAttempts).toEqual([])
  })
})

test.each([
  { what: 'at once', options: {} },
  { what: 'when its turn comes', options: { held: LAZY } },
])('a message, read $what, is put aside by its place, and can be redriven', async ({ options }) => {
  let isBroken = true
  const bed = new QueueBed({
    ...options,
    check: (body) => {
      if (isBroken && body === 'poison') throw new Error('not mine')
    },
  })
  await bed.run()
  await bed.deliver('a', 'a', 'poison', 'b')
  await bed.run()
  expect(bed.taken).toEqual(['a', 'b'])
  const deadLetters = await bed.deadLetters()
  expect(deadLetters).toEqual([{ position: '@messages#3', text: 'poison', form: 'text' }])

  isBroken = false
  expect(await bed.redrive()).toMatchObject({ records: 1 })
  await bed.deliver('poison', 'a')
  await bed.run()
  await bed.run()
  expect(bed.taken).toEqual(['a', 'b', 'poison'])
})

test('B7: a lost message is reported, and may come again as a new message', async () => {
  const bed = new QueueBed({ onDataLoss: 'skip' })
  await bed.run()
  await bed.deliver('a')
  await bed.deliver('b')
  await bed.loseFirstBlock()
  await bed.run()
  expect(bed.taken).toEqual(['b'])
  expect(bed.events).toContainEqual(
    expect.objectContaining({ event: 'dataLost', source: SOURCE, records: 1, first: '1' }),
  )
  await bed.deliver('b', 'a')
  await bed.run()
  expect(bed.taken).toEqual(['b', 'a'])
})

test('B2, B7: so is a message of a large batch, by the second attempt', async () => {
  const bed = new QueueBed({ onDataLoss: 'skip', held: LAZY })
  await bed.run()
  await bed.deliver('a')
  await bed.deliver('b')
  await bed.loseFirstBlock()
  expect(await bed.run()).toMatchObject({ kind: 'retry', reason: { code: 'INPUT_CHANGED' } })
  bed.nowMs += 60_000
  await bed.run()
  expect(bed.taken).toEqual(['b'])
  expect(bed.events).toContainEqual(
    expect.objectContaining({ event: 'dataLost', source: SOURCE, records: 1, first: '1' }),
  )
})
