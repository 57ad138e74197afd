import { describe, expect, test } from 'vitest'
import { Random } from '../../../../../lib/testing/random.ts'
import { MemoryTopic, type NewRecord } from '../../../../contract/memory-topic.ts'
import { TopicBed } from './topic-bed.ts'

const values = (...texts: readonly string[]): readonly NewRecord[] =>
  texts.map((value) => ({ value }))

const many = (count: number, from = 0): readonly { readonly value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ value: `v${from + index}` }))

const takenOf = (partition: number, from: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${partition}:${from + index}=v${from + index}`)

const sorted = (taken: readonly string[]): readonly string[] => taken.toSorted()

describe('a topic is read', () => {
  test('to its end, and goes on where it stopped', async () => {
    const bed = new TopicBed(2)
    bed.topic.put(0, many(20))
    bed.topic.put(1, many(3))
    expect(await bed.run()).toMatchObject({ kind: 'done' })
    bed.topic.put(1, many(2, 3))
    await bed.run()
    expect(sorted(bed.taken)).toEqual(sorted([...takenOf(0, 0, 20), ...takenOf(1, 0, 5)]))
    expect(await bed.tails()).toEqual({ 'orders@0/topic-1-0': '21', 'orders@0/topic-1-1': '6' })
    expect(bed.topic.closed).toBe(2)
  })

  test('with holes of compaction and of transactions, also where it ends with one', async () => {
    const bed = new TopicBed(1)
    bed.topic.put(0, values('a', 'b', 'c', 'd'))
    bed.topic.compact(0, 1)
    bed.topic.transact(0, values('e'), 'abort')
    bed.topic.transact(0, values('f'), 'commit')
    expect(await bed.run()).toMatchObject({ kind: 'done' })
    expect(bed.taken).toEqual(['0:0=a', '0:2=c', '0:3=d', '0:6=f'])
    // The hole at the end is read again, and brings nothing.
    expect(await bed.run()).toMatchObject({ kind: 'done' })
    expect([bed.taken.length, bed.deadLetters]).toEqual([4, []])
  })

  test('up to a transaction that is open, unless it is to be read uncommitted', async () => {
    const isolations = ['read_committed', 'read_uncommitted'] as const
    const taken = isolations.map(async (isolation) => {
      const bed = new TopicBed(1, { isolation })
      bed.topic.put(0, values('a'))
      bed.topic.transact(0, values('b'), 'open')
      await bed.run()
      return bed.taken
    })
    expect(await Promise.all(taken)).toEqual([['0:0=a'], ['0:0=a', '0:1=b']])
  })

  test('from a time on, and its later partitions from their beginning', async () => {
    const bed = new TopicBed(1, { startingOffsets: { at: new Date(2_000) } })
    bed.topic.put(0, [
      { value: 'old', timestampMs: 1_999 },
      { value: 'new', timestampMs: 2_000 },
      { value: 'late', timestampMs: 1_000 },
      { value: 'newer', timestampMs: 3_000 },
    ])
    await bed.run()
    bed.topic.addPartition()
    bed.topic.put(1, [{ value: 'other', timestampMs: 2_500 }])
    await bed.run()
    expect(bed.taken).toEqual(['0:1=new', '0:3=newer', '1:0=other'])
  })

  test('through failures of the brokers, which are said once', async () => {
    const bed = new TopicBed(1)
    bed.topic.put(0, many(5))
    bed.topic.failures = 3
    await bed.run()
    expect(bed.taken).toEqual(takenOf(0, 0, 5))
    expect(bed.said.filter((message) => message.includes('cannot be read'))).toHaveLength(1)
  })

  test('and how far is written down for tools, if a group is named', async () => {
    const bed = new TopicBed(2, { groupId: 'tools' })
    bed.topic.put(0, many(20))
    bed.topic.transact(1, values('gone'), 'abort')
    await bed.run()
    expect(bed.topic.committed).toEqual(
      new Map([
        [0, 20],
        [1, 2],
      ]),
    )
  })
})

describe('what a topic has lost', () => {
  test('before it was read is one dead letter, and the rest is read', async () => {
    const bed = new TopicBed(2)
    bed.topic.put(0, many(4))
    bed.topic.put(1, many(4))
    await bed.run()
    bed.topic.put(0, many(6, 4))
    bed.topic.deleteBefore(0, 7)
    await bed.run()
    await bed.run()
    expect(bed.deadLetters).toEqual(['RECORDS_EXPIRED topic-1-0#8'])
    expect(sorted(bed.taken)).toEqual(
      sorted([...takenOf(0, 0, 4), ...takenOf(1, 0, 4), ...takenOf(0, 7, 3)]),
    )
  })

  test.each([0, 1])('at its end, from %i on, comes again, and counts', async (end) => {
    const bed = new TopicBed(1)
    bed.topic.put(0, values('a', 'b', 'c'))
    await bed.run()
    bed.topic.truncate(0, end)
    await bed.run()
    bed.topic.put(0, values('d'))
    await bed.run()
    expect(bed.said.filter((message) => message.includes('has lost its end'))).toHaveLength(1)
    expect(bed.taken).toEqual(['0:0=a', '0:1=b', '0:2=c', `0:${end}=d`])
  })

  test('because it is another one now is said, and the new one is read', async () => {
    const bed = new TopicBed(2)
    bed.topic.put(0, many(4))
    await bed.run()
    bed.topic.recreate(1)
    bed.topic.put(0, values('x', 'y'))
    await bed.run()
    await bed.run()
    expect(bed.said.filter((message) => message.includes('is another one'))).toHaveLength(1)
    expect(bed.taken).toEqual([...takenOf(0, 0, 4), '0:0=x', '0:1=y'])
    expect(await bed.tails()).toEqual({ 'orders@0/topic-1-0': '5', 'orders@1/topic-2-0': '3' })
  })

  test.each([
    ['RECORDS_EXPIRED', (bed: TopicBed): void => bed.topic.deleteBefore(0, 7)],
    ['STREAM_REPLACED', (bed: TopicBed): void => bed.topic.recreate(1)],
  ])('ends the run with %s, if it is to fail', async (code, lose) => {
    const bed = new TopicBed(1, { failOnDataLoss: true })
    bed.topic.put(0, many(4))
    await bed.run()
    bed.topic.put(0, many(6, 4))
    lose(bed)
    await expect(bed.run()).rejects.toMatchObject({ code })
    expect(bed.taken).toEqual(takenOf(0, 0, 4))
  })
})

describe('each record counts once', () => {
  test('whenever a process dies', async () => {
    const played = async (deathAt: number, applied: boolean): Promise<TopicBed> => {
      const bed = new TopicBed(3)
      for (const partition of [0, 1, 2]) bed.topic.put(partition, many(9))
      await bed.run({ deathAt, applied })
      bed.topic.put(1, many(2, 9))
      await bed.run()
      return bed
    }
    const bed = new TopicBed(3)
    for (const partition of [0, 1, 2]) bed.topic.put(partition, many(9))
    await bed.run()
    expect(bed.calls).toBeGreaterThan(20)
    const wanted = [...takenOf(0, 0, 9), ...takenOf(1, 0, 11), ...takenOf(2, 0, 9)]
    for (let call = 1; call <= bed.calls; call++)
      for (const applied of [false, true])
        expect(sorted((await played(call, applied)).taken), `call ${call}`).toEqual(sorted(wanted))
  })

  test('in random runs of all of it', async () => {
    const random = new Random(815)
    for (let play = 0; play < 25; play++) {
      let partitions = random.between(1, 3)
      const bed = new TopicBed(partitions)
      const wanted: string[] = []
      let value = 0
      for (let step = random.between(3, 10); step > 0; step--) {
        const partition = random.between(0, partitions - 1)
        const records = many(random.between(1, 12), value)
        const from = bed.topic.endOf(partition)
        value += records.length
        const fate = random.pick(['put', 'put', 'commit', 'abort', 'partition'] as const)
        if (fate === 'partition') {
          bed.topic.addPartition()
          partitions += 1
        } else if (fate === 'put') bed.topic.put(partition, records)
        else bed.topic.transact(partition, records, fate)
        if (fate === 'put' || fate === 'commit')
          wanted.push(
            ...records.map((record, index) => `${partition}:${from + index}=${record.value}`),
          )
        if (random.chance(0.2)) bed.topic.failures = random.between(1, 4)
        if (random.chance(0.6))
          await bed.run({ deathAt: random.between(1, 60), applied: random.chance(0.5) })
      }
      await bed.run()
      expect(sorted(bed.taken), `play ${play}`).toEqual(sorted(wanted))
      // In each partition, in order.
      for (let number = 0; number < partitions; number++) {
        const offsets = bed.taken
          .filter((one) => one.startsWith(`${number}:`))
          .map((one) => Number(one.slice(2, one.indexOf('='))))
        expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
      }
    }
  })
})

describe('a partition that nobody serves', () => {
  const WAITS =
    /^partition 1 of topic orders cannot be read now \(no leader\).*\[TOPIC_UNREADABLE\]$/

  test.each([
    ['from the first start on', 0, 3],
    ['where others have nothing', 0, 0],
    ['after it was read', 2, 3],
  ])('waits, and stops no other: %s', async (_, before, others) => {
    const bed = new TopicBed(2)
    const waits = (): number => bed.said.filter((message) => WAITS.test(message)).length
    if (before > 0) {
      bed.topic.put(1, many(before))
      await bed.run()
    }
    bed.topic.put(0, many(others))
    bed.topic.put(1, many(4, before))
    bed.topic.leaderless.add(1)
    expect(await bed.run()).toMatchObject({ kind: 'done' })
    expect(waits()).toBe(1)
    expect(await bed.run()).toMatchObject({ kind: 'done' })
    expect(sorted(bed.taken)).toEqual(sorted([...takenOf(0, 0, others), ...takenOf(1, 0, before)]))
    bed.topic.leaderless.clear()
    await bed.run()
    expect(sorted(bed.taken)).toEqual(
      sorted([...takenOf(0, 0, others), ...takenOf(1, 0, before + 4)]),
    )
    expect([waits(), bed.deadLetters]).toEqual([2, []])
    expect(bed.said.join()).not.toContain('lost its end')
  })

  test('is read in the same run when somebody serves it again', async () => {
    const topic = new MemoryTopic(2)
    const bed = new TopicBed(2, {}, (isolation) => {
      const reader = topic.open(isolation)
      return {
        ...reader,
        async fetch(positions) {
          if (topic.fetches === 5) topic.leaderless.clear()
          return reader.fetch(positions)
        },
      }
    })
    topic.put(0, many(200))
    topic.put(1, many(2))
    topic.leaderless.add(1)
    await bed.run()
    expect(sorted(bed.taken)).toEqual(sorted([...takenOf(0, 0, 200), ...takenOf(1, 0, 2)]))
    expect(bed.said.filter((message) => /partition/.test(message))).toEqual([
      expect.stringMatching(WAITS),
      'all partitions of topic orders are read again',
    ])
  })

  test('makes the topic unreadable if there is no other, until there is', async () => {
    const topic = new MemoryTopic(2)
    let opened = 0
    const bed = new TopicBed(2, {}, (isolation) => {
      if (++opened === 3) topic.leaderless.clear()
      return topic.open(isolation)
    })
    topic.put(0, many(2))
    for (const partition of [0, 1]) topic.leaderless.add(partition)
    await bed.run()
    expect([bed.taken, opened]).toEqual([takenOf(0, 0, 2), 3])
    expect(bed.said.filter((message) => message.includes('trying again'))).toHaveLength(1)
  })
})
