/** Each message of a queue is taken once, for any number of deliveries and crashes. */
import { describe, expect, test } from 'vitest'
import { Random } from '../../../../../lib/testing/random.ts'
import { type Death, Freeze, LAZY, isLedger, QueueBed } from './queue-bed.ts'

/** The events before each batch, and what each batch takes. */
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
    what: 'a batch of only repeated messages',
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

/** A batch, then a batch with a repeated message that dies, then all messages again. */
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

  test('at any call of the store, before or after the call', async () => {
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

/** A frozen process, and what it does when it continues. */
interface Zombie {
  readonly freeze: Freeze
  readonly running: Promise<unknown>
}

/** Random deliveries to one application whose processes die and freeze. */
class Storm {
  readonly bed: QueueBed
  readonly expected: string[] = []
  zombies = 0
  readonly #random: Random
  readonly #frozen: Zombie[] = []
  #freeze: Freeze | undefined

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.bed = new QueueBed(seed % 2 === 0 ? {} : { held: LAZY })
  }

  async step(): Promise<void> {
    const random = this.#random
    if (random.chance(0.5)) await this.#deliver()
    if (random.chance(0.4)) await this.#restart()
    if (random.chance(0.6)) await this.#run()
    if (random.chance(0.2)) await this.#thaw()
  }

  async end(): Promise<void> {
    while (this.#frozen.length > 0) await this.#thaw()
    await this.bed.restart()
    await this.bed.run()
    await this.bed.run()
  }

  /** The expected result: a message counts when it comes for the first time. */
  async #deliver(): Promise<void> {
    const { expected } = this
    const ids = Array.from({ length: this.#random.between(1, 6) }, () => {
      const isRepeated = expected.length > 0 && this.#random.chance(0.5)
      const id = isRepeated ? this.#random.pick(expected) : `message ${expected.length}`
      if (!isRepeated) expected.push(id)
      return id
    })
    await this.bed.deliver(...ids)
  }

  async #restart(): Promise<void> {
    const random = this.#random
    const callNumber = random.between(1, 25)
    const at: Death['at'] = (_, number) => number === callNumber
    this.#freeze = random.chance(0.4) ? new Freeze(at) : undefined
    const death = random.chance(0.6) ? { at, applied: random.chance(0.5) } : undefined
    await this.bed.restart(this.#freeze ?? death)
  }

  async #run(): Promise<void> {
    const freeze = this.#freeze
    const running = this.bed.run().catch(() => undefined)
    const frozen = freeze?.reached.then(() => true)
    const isFrozen = await Promise.race([running.then(() => false), ...(frozen ? [frozen] : [])])
    if (freeze === undefined || !isFrozen) return
    this.zombies += 1
    this.#frozen.push({ freeze, running })
    await this.#restart()
  }

  async #thaw(): Promise<void> {
    const [zombie] = this.#frozen.splice(0, 1)
    zombie?.freeze.thaw()
    await zombie?.running
  }
}

test('random deliveries, batches, crashes and zombies, against a simple loop', async () => {
  let zombies = 0
  for (let seed = 0; seed < 150; seed++) {
    const storm = new Storm(seed)
    await storm.bed.run()
    for (let step = 0; step < 40; step++) await storm.step()
    await storm.end()
    expect(storm.bed.taken, `seed ${seed}`).toEqual(storm.expected)
    expect(storm.bed.unequalAttempts, `seed ${seed}`).toEqual([])
    expect(storm.expected.length).toBeGreaterThan(10)
    zombies += storm.zombies
  }
  expect(zombies).toBeGreaterThan(100)
})
