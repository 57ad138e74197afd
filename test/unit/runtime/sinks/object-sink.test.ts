/**
 * B4: attempts at one batch that overlap on a bucket. What a committed attempt has written is never
 * taken back, and `_SUCCESS` names what belongs to it.
 */
import { describe, expect, test } from 'vitest'
import { objectSink } from '../../../../lib/adapters/object-sink.ts'
import type { Sink } from '../../../../lib/ports/sink.ts'
import { OutputBucket } from '../../../../lib/testing/simulation/cloud/output-bucket.ts'
import { fenceOf, finishBatch, writeBatch } from '../../../contract/write-batch.ts'

const BATCH = { path: 'out-1000', timeMs: 1_000 }
const contentsOf = (texts: readonly string[]): readonly Uint8Array[] =>
  texts.map((text) => Buffer.from(text))

/** The way of one process to a bucket. From a call on, its calls wait until it goes on. */
const processAt = (bucket: OutputBucket, standsAt?: (call: string) => boolean) => {
  const stood = Promise.withResolvers<void>()
  const going = Promise.withResolvers<void>()
  let isStanding = false
  const gate = async (call: string): Promise<void> => {
    isStanding ||= standsAt?.(call) === true
    if (!isStanding) return
    stood.resolve()
    await going.promise
  }
  const sink: Sink<Uint8Array> = objectSink({
    description: 'a bucket',
    bucket: {
      list: async (prefix) => (await gate('list'), bucket.list(prefix)),
      head: async (key) => (await gate('head'), bucket.head(key)),
      get: async (key) => (await gate('get'), bucket.get(key)),
      putIfSeen: async (object, seen) => {
        await gate(`put ${object.key}`)
        return bucket.putIfSeen(object, seen)
      },
      deleteIfSeen: async (key, seen) => {
        await gate(`delete ${key}`)
        return bucket.deleteIfSeen(key, seen)
      },
    },
  })
  return { sink, stands: stood.promise, goOn: () => going.resolve() }
}

const shown = (bucket: OutputBucket): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...bucket.files()].map(([key, bytes]) => [key, Buffer.from(bytes).toString()]),
  )

const partsNamed = (bucket: OutputBucket): readonly string[] =>
  (JSON.parse(shown(bucket)['out-1000/_SUCCESS'] ?? '{}') as { parts: readonly string[] }).parts

describe('an attempt that stood still and comes back after the commit of a newer one', () => {
  const SAME = ['to,1', 'be,2']
  const OTHER = ['to,1', 'be,3', 'or,4']

  describe.each<[string, readonly string[]]>([
    ['with the same bytes', SAME],
    ['with other bytes', OTHER],
  ])('%s', (_, texts) => {
    test.each(['list', 'head', 'put out-1000/part-00000', 'put out-1000/part-00001'])(
      'at %s',
      async (call) => {
        const bucket = new OutputBucket()
        await finishBatch(processAt(bucket).sink, BATCH, fenceOf(1, 1), contentsOf(SAME))
        const zombie = processAt(bucket, (one) => one === call)
        const returned = finishBatch(zombie.sink, BATCH, fenceOf(1, 2), contentsOf(texts))
        await zombie.stands
        await writeBatch(processAt(bucket).sink, BATCH, fenceOf(1, 3), contentsOf(SAME))
        const committed = shown(bucket)
        zombie.goOn()
        await returned.catch(() => undefined)
        expect(shown(bucket)).toMatchObject(committed)
        expect(partsNamed(bucket)).toEqual(['part-00000', 'part-00001'])
        if (texts === SAME) expect(shown(bucket)).toEqual(committed)
      },
    )
  })

  test('a late part of a dead attempt is not named', async () => {
    const bucket = new OutputBucket()
    const dead = processAt(bucket, (call) => call === 'put out-1000/part-00002')
    const arrived = finishBatch(dead.sink, BATCH, fenceOf(1, 1), contentsOf(['to', 'be', 'or']))
    await dead.stands
    await writeBatch(processAt(bucket).sink, BATCH, fenceOf(1, 2), contentsOf(['to', 'be']))
    dead.goOn()
    await arrived.catch(() => undefined)
    expect(Object.keys(shown(bucket))).toContain('out-1000/part-00002')
    expect(partsNamed(bucket)).toEqual(['part-00000', 'part-00001'])
  })
})

test('a second publisher that stood still changes nothing', async () => {
  const bucket = new OutputBucket()
  await finishBatch(processAt(bucket).sink, BATCH, fenceOf(1, 1), contentsOf(['a', 'b']))
  const receipt = await finishBatch(processAt(bucket).sink, BATCH, fenceOf(1, 2), contentsOf(['c']))
  const slow = processAt(bucket, (call) => call.startsWith('delete'))
  const late = slow.sink.publish?.(BATCH, fenceOf(1, 2), receipt)
  await slow.stands
  await processAt(bucket).sink.publish?.(BATCH, fenceOf(1, 2), receipt)
  const published = shown(bucket)
  slow.goOn()
  await late
  expect(shown(bucket)).toEqual(published)
  expect(Object.keys(published)).toHaveLength(2)
})

describe('publishing', () => {
  const stranger = { 'millrace-fence': 'nothing of ours' }
  const other = {
    'millrace-fence': encodeURIComponent(JSON.stringify({ app: 'other', generation: 1, epoch: 1 })),
  }

  test('again changes nothing', async () => {
    const bucket = new OutputBucket()
    const receipt = await finishBatch(
      processAt(bucket).sink,
      BATCH,
      fenceOf(1, 1),
      contentsOf(['a']),
    )
    await processAt(bucket).sink.publish?.(BATCH, fenceOf(1, 1), receipt)
    const published = [...bucket.files()]
    const calls: string[] = []
    const again = processAt(bucket, (call) => calls.push(call) < 0)
    await again.sink.publish?.(BATCH, fenceOf(1, 1), receipt)
    // The first one is refused, since `_SUCCESS` is there.
    expect(calls.filter((call) => /^(put|delete)/.test(call))).toEqual(['put out-1000/_SUCCESS'])
    expect([...bucket.files()]).toEqual(published)
  })

  test('an older attempt leaves the parts of a newer one', async () => {
    const bucket = new OutputBucket()
    const { sink } = processAt(bucket)
    const receipt = await finishBatch(sink, BATCH, fenceOf(1, 1), contentsOf(['a']))
    await finishBatch(sink, BATCH, fenceOf(1, 2), contentsOf(['a', 'b']))
    await sink.publish?.(BATCH, fenceOf(1, 1), receipt)
    expect(Object.keys(shown(bucket))).toContain('out-1000/part-00001')
    expect(partsNamed(bucket)).toEqual(['part-00000'])
  })

  test('counts no part of another application as its own, though the bytes are equal', async () => {
    const bucket = new OutputBucket()
    const slow = processAt(bucket, (call) => call.startsWith('put'))
    const finished = finishBatch(slow.sink, BATCH, fenceOf(1, 2), contentsOf(['a']))
    await slow.stands
    await finishBatch(processAt(bucket).sink, BATCH, fenceOf(1, 1, 'other'), contentsOf(['a']))
    slow.goOn()
    await expect(finished).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' })
  })

  test.each([
    ['of somebody else', stranger],
    ['of another application', other],
    ['without a fence', {}],
  ])('leaves a file that came after the parts: %s', async (_, metadata) => {
    const bucket = new OutputBucket()
    const { sink } = processAt(bucket)
    const receipt = await finishBatch(sink, BATCH, fenceOf(1, 1), contentsOf(['a']))
    const key = 'out-1000/part-00007'
    await bucket.putIfSeen({ key, bytes: Buffer.from('x'), metadata }, undefined)
    await sink.publish?.(BATCH, fenceOf(1, 1), receipt)
    expect(shown(bucket)).toMatchObject({ [key]: 'x' })
    expect(partsNamed(bucket)).toEqual(['part-00000'])
  })

  test.each([
    ['of somebody else', stranger],
    ['of another application', other],
    ['without a fence', {}],
  ])('is refused where `_SUCCESS` came after the parts: %s', async (_, metadata) => {
    const bucket = new OutputBucket()
    const { sink } = processAt(bucket)
    const receipt = await finishBatch(sink, BATCH, fenceOf(1, 1), contentsOf(['a']))
    const key = 'out-1000/_SUCCESS'
    await bucket.putIfSeen({ key, bytes: Buffer.from('x'), metadata }, undefined)
    await expect(sink.publish?.(BATCH, fenceOf(1, 1), receipt)).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
    })
    expect(shown(bucket)).toMatchObject({ [key]: 'x' })
  })
})

test('each output takes few calls', async () => {
  const calls: string[] = []
  const counting = processAt(new OutputBucket(), (call) => calls.push(call) < 0)
  await writeBatch(counting.sink, BATCH, fenceOf(1, 1), contentsOf(['a']))
  expect(calls.toSorted()).toEqual([
    'head',
    'list',
    'put out-1000/_SUCCESS',
    'put out-1000/part-00000',
  ])
})
