/** Each message of a queue is taken once, however often it is delivered and whatever dies. */
import { describe, expect, test } from 'vitest'
import { Random } from '../../../../../lib/testing/random.ts'
import { type Death, isLedger, QueueBed } from './queue-bed.ts'

/** Events before each batch, and what each batch takes. */
interface Row {
  readonly what: string
  readonly events: readonly (readonly (readonly string[])[])[]
  readonly batches: readonly (readonly string[])[]
}

const rows: readonly Row[] = [
  {
    what: 'messages that come once',
    events: [[['a', 'b']], [['c']]],
    batches: [['a', 'b'], ['c']],
  },
  { what: 'twice in one event', events: [[['a', 'b', 'a']]], batches: [['a', 'b']] },
  {
    what: 'in two events of one batch',
    events: [
      [
        ['a', 'b'],
        ['b', 'c'],
      ],
    ],
    batches: [['a', 'b', 'c']],
  },
  { what: 'again in the next batch', events: [[['a']], [['a', 'b']]], batches: [['a'], ['b']] },
  {
    what: 'again some batches later',
    events: [[['a']], [['b']], [], [['b', 'a', 'c']]],
    batches: [['a'], ['b'], [], ['c']],
  },
  {
    what: 'a batch of nothing else',
    events: [[['a', 'b']], [['b', 'a'], ['a']], [['c', 'a']]],
    batches: [['a', 'b'], [], ['c']],
  },
]

const play = async ({ events }: Row, isCold: boolean): Promise<QueueBed> => {
  const bed = new QueueBed({ whenIdle: 'tick' })
  await bed.run()
  for (const ofBatch of events) {
    for (const ids of ofBatch) await bed.deliver(...ids)
    if (isCold) await bed.restart()
    await bed.run()
  }
  return bed
}

describe.each([false, true])('with a new process for each batch: %s', (isCold) => {
  test.each(rows)('$what', async (row) => {
    const bed = await play(row, isCold)
    const batches = [...bed.batches.values()]
    expect(batches.slice(batches.length - row.batches.length)).toEqual(row.batches)
  })
})

/** A batch, then one that dies with a message that came before, then all messages again. */
const playWithDeath = async (death: Death): Promise<QueueBed> => {
  const bed = new QueueBed()
  await bed.run()
  await bed.deliver('a', 'b')
  await bed.run()
  await bed.deliver('b', 'c', 'c', 'd')
  await bed.restart(death)
  await bed.run().catch(() => undefined)
  await bed.deliver('d', 'e')
  await bed.restart()
  await bed.run()
  await bed.deliver('e', 'd', 'c', 'b', 'a', 'f')
  await bed.run()
  return bed
}

/** The calls of the store from a cold start to the end of the second batch. */
const callsOfBatch = async (): Promise<QueueBed['calls']> => {
  const bed = new QueueBed()
  await bed.run()
  await bed.deliver('a', 'b')
  await bed.run()
  await bed.deliver('b', 'c', 'c', 'd')
  await bed.restart()
  await bed.run()
  return bed.calls
}

describe('a process that dies', () => {
  test.each([
    ['after the log, before the ids are looked up', 'get', false],
    ['while they are looked up', 'get', true],
    ['before the ids are recorded', 'putAll', false],
    ['after the ids were recorded, before the commit', 'putAll', true],
  ] as const)('%s', async (_, call, applied) => {
    let died = false
    const at: Death['at'] = (one) => {
      died ||= one.call === call && isLedger(one)
      return died
    }
    const bed = await playWithDeath({ at, applied })
    expect(died).toBe(true)
    expect(bed.taken).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  test('at any call of the store, before it or after it', async () => {
    const calls = await callsOfBatch()
    expect(calls.length).toBeGreaterThan(8)
    for (const number of calls.keys())
      for (const applied of [false, true]) {
        const bed = await playWithDeath({ at: (_, now) => now === number + 1, applied })
        expect(bed.unequalAttempts).toEqual([])
        expect(bed.taken, `call ${number + 1}: ${JSON.stringify(calls[number])}`).toEqual([
          'a',
          'b',
          'c',
          'd',
          'e',
          'f',
        ])
      }
  })
})

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'random deliveries, batches and deaths, against a plain loop: seed %i',
  async (seed) => {
    const random = new Random(seed)
    const bed = new QueueBed()
    const sent: string[] = []
    const expected: string[] = []
    const deliver = async (): Promise<void> => {
      const ids = Array.from({ length: random.between(1, 6) }, () => {
        if (sent.length > 0 && random.chance(0.5)) return random.pick(sent)
        sent.push(`message ${sent.length}`)
        return sent.at(-1) as string
      })
      for (const id of ids) if (!expected.includes(id)) expected.push(id)
      await bed.deliver(...ids)
    }
    await bed.run()
    for (let step = 0; step < 40; step++) {
      if (random.chance(0.5)) await deliver()
      const deathAt = random.between(1, 25)
      const death = {
        at: (_: unknown, now: number) => now === deathAt,
        applied: random.chance(0.5),
      }
      if (random.chance(0.3)) await bed.restart(random.chance(0.7) ? death : undefined)
      if (random.chance(0.6)) await bed.run().catch(() => undefined)
    }
    await bed.restart()
    await bed.run()
    await bed.run()
    expect(bed.taken).toEqual(expected)
    expect(bed.unequalAttempts).toEqual([])
    expect(expected.length).toBeGreaterThan(10)
  },
)
