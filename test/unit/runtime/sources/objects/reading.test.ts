import { wholeFiles } from 'millrace/formats'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../../../lib/base/errors.ts'
import type { ByteRange } from '../../../../../lib/ports/object-source.ts'
import type { ObjectStore, ObjectVersion } from '../../../../../lib/ports/object-store.ts'
import { pipelineOf } from '../../harness.ts'
import { Deployed, toBucket } from '../../../functions/deployed.ts'

const MINUTE_MS = 60_000
const MEGABYTE = 1024 * 1024

/**
 * An application over a bucket that prints how the lines of its objects begin, after its first
 * start. What a function logs at once has a limit.
 */
const start = async (): Promise<Deployed> => {
  const app = new Deployed(
    pipelineOf((ssc) =>
      ssc
        .textFileStream('lines')
        .map((line) => line.slice(0, 100))
        .print(1_000),
    ),
    { sources: { 'textFileStream-1': toBucket } },
  )
  await app.pass()
  return app
}

const linesOf = (app: Deployed): readonly string[] => app.printed().flatMap(([, lines]) => lines)

/** The calls of the bucket, as they are before a test replaces them. */
const readOf = ({ bucket }: Deployed): ObjectStore['read'] => {
  const { ...before } = bucket
  return async (object, range) => before.read(object, range)
}
const headOf = ({ bucket }: Deployed): ObjectStore['head'] => {
  const { ...before } = bucket
  return async (key, version) => before.head(key, version)
}

/** Uploads objects whose line is their key, and announces all of them in one event. */
const uploadAll = async (app: Deployed, keys: readonly string[]): Promise<void> => {
  await app.deliver(...keys.map((key) => app.notification(key, app.write(key, `${key}\n`))))
}

const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `object-${String(index).padStart(3, '0')}`)

/** The most calls, and the most bytes, that were under way at the same time. */
interface AtOnce {
  calls: number
  bytes: number
}

/** Counts what runs at the same time, and answers the later calls first. */
const watch = <A extends readonly unknown[], R>(
  call: (...given: A) => Promise<R>,
  bytesOf: (...given: A) => number,
): { readonly most: AtOnce; readonly call: (...given: A) => Promise<R> } => {
  const now: AtOnce = { calls: 0, bytes: 0 }
  const most: AtOnce = { calls: 0, bytes: 0 }
  return {
    most,
    call: async (...given) => {
      now.calls += 1
      now.bytes += bytesOf(...given)
      most.calls = Math.max(most.calls, now.calls)
      most.bytes = Math.max(most.bytes, now.bytes)
      for (let turn = 20 - (now.calls % 20); turn > 0; turn--)
        await new Promise((resolve) => setImmediate(resolve))
      now.calls -= 1
      now.bytes -= bytesOf(...given)
      return call(...given)
    },
  }
}

describe('the objects of a batch', () => {
  test('are read many at once, a limited number, in the order of the batch (B3)', async () => {
    const app = await start()
    const reads = watch(readOf(app), () => 0)
    const heads = watch(headOf(app), () => 0)
    Object.assign(app.bucket, { read: reads.call, head: heads.call })
    const keys = numbered(200)
    await uploadAll(app, keys)
    await app.pass(2)
    expect(linesOf(app)).toEqual(keys)
    expect([reads.most.calls, heads.most.calls]).toEqual([32, 64])
  })

  test.each([
    { what: 'whole', megabytes: 6 },
    { what: 'in parts', megabytes: 9 },
  ])('that are large are read $what, within a limit of bytes', async ({ megabytes }) => {
    const app = await start()
    const sizeOf = ({ sizeBytes }: ObjectVersion, range?: ByteRange): number =>
      Math.min(range?.to ?? sizeBytes, sizeBytes) - (range?.from ?? 0)
    const reads = watch(readOf(app), sizeOf)
    Object.assign(app.bucket, { read: reads.call })
    const keys = numbered(5)
    const filler = 'x'.repeat(megabytes * MEGABYTE)
    await app.deliver(
      ...keys.map((key) => app.notification(key, app.write(key, `${key}\n${filler}\n`))),
    )
    await app.pass(12)
    expect(linesOf(app).filter((line) => line.startsWith('object'))).toEqual(keys)
    expect(reads.most.bytes).toBeLessThanOrEqual(40 * MEGABYTE)
    expect(reads.most.calls).toBeGreaterThan(1)
  })

  test('put bad lines aside in the order of the batch, however late they come', async () => {
    const app = await start()
    Object.assign(app.bucket, { read: watch(readOf(app), () => 0).call })
    const keys = numbered(9)
    const bodies = keys.map((key) => {
      const bytes = Uint8Array.of(0xff, 0x0a, 0x61, 0x0a)
      return app.notification(key, app.bucket.write(key, bytes, app.world.nowMs))
    })
    await app.deliver(...bodies)
    await app.pass(2)
    expect(
      app.logged('deadLetter').map(({ position }) => String(position).replace(/[?@].*/, '')),
    ).toEqual(keys)
  })
})

/** Makes the store refuse some objects, when they are looked at or when they are read. */
const refuse = (
  app: Deployed,
  call: 'head' | 'read',
  isRefused: (key: string) => boolean,
): { stop: () => void } => {
  const [head, read] = [headOf(app), readOf(app)]
  const refusal = (key: string): Promise<never> =>
    Promise.reject(new MillraceError('OBJECT_REFUSED', { problem: `no rights to ${key}` }))
  if (call === 'head')
    app.bucket.head = async (key, version) => (isRefused(key) ? refusal(key) : head(key, version))
  else
    app.bucket.read = async (object) => (isRefused(object.key) ? refusal(object.key) : read(object))
  return { stop: () => Object.assign(app.bucket, { head, read }) }
}

describe.each(['head', 'read'] as const)('an object whose %s is refused', (call) => {
  test('is put aside with its name, once, and the others count', async () => {
    const app = await start()
    refuse(app, call, (key) => key === 'b')
    await uploadAll(app, ['a', 'b', 'c'])
    await app.pass(2)
    await app.deliver(app.notification('b', 'v2'))
    await app.pass(2)
    expect(linesOf(app)).toEqual(['a', 'c'])
    expect((await app.world.deadLetters()).map(([name, code]) => [name, code])).toEqual([
      ['textFileStream-1#b?versionId=v2#OBJECT_REFUSED', 'OBJECT_REFUSED'],
    ])
  })

  test('stays put aside in a second attempt that could have it (B3)', async () => {
    let fails = true
    const seen: unknown[] = []
    const app = new Deployed(
      pipelineOf((ssc) =>
        ssc.textFileStream('lines').foreachRDD(async (rdd) => {
          const lines = await rdd.collect()
          if (lines.length > 0) seen.push(lines)
          if (fails && lines.length > 0) throw new Error('down')
        }),
      ),
      { sources: { 'textFileStream-1': toBucket } },
    )
    await app.pass()
    const refusal = refuse(app, call, (key) => key === 'b')
    await uploadAll(app, ['a', 'b'])
    await app.pass(1)
    refusal.stop()
    fails = false
    await app.pass(3, MINUTE_MS)
    expect(seen).toEqual([['a'], ['a']])
    expect((await app.world.deadLetters()).map(([name]) => name)).toEqual([
      'textFileStream-1#b?versionId=v2#OBJECT_REFUSED',
    ])
  })

  test('fails the batch if most objects are refused: then the rights are wrong', async () => {
    const app = await start()
    const refusal = refuse(app, call, (key) => key !== 'object-000')
    await uploadAll(app, numbered(12))
    const outcome = await app.pass(2).then(
      () => app.logged('batchFailed').at(-1)?.['code'],
      ({ code }: MillraceError) => code,
    )
    expect(outcome).toBe('OBJECT_UNREADABLE')
    expect(await app.world.deadLetters()).toEqual([])
    refusal.stop()
    await app.pass(3, MINUTE_MS)
    expect(linesOf(app)).toEqual(numbered(12))
  })
})

test('an object that could not be looked at is found when the rights are there', async () => {
  const app = await start()
  const refusal = refuse(app, 'head', (key) => key === 'b')
  await uploadAll(app, ['a', 'b'])
  await app.pass(2)
  refusal.stop()
  await app.pass(90, MINUTE_MS)
  expect(linesOf(app)).toEqual(['a', 'b'])
})

test('an error that may pass is tried again, and puts nothing aside', async () => {
  const app = await start()
  const read = readOf(app)
  let failures = 3
  app.bucket.read = async (object) => {
    if (failures-- > 0)
      throw new MillraceError('OBJECT_UNREADABLE', { problem: 'slow down', retryable: true })
    return read(object)
  }
  await uploadAll(app, ['a', 'b'])
  await app.pass(4, MINUTE_MS)
  expect(linesOf(app)).toEqual(['a', 'b'])
  expect(await app.world.deadLetters()).toEqual([])
})

describe('functions get paths below the location, as in a directory', () => {
  const pathsIn = async (prefix: string, format: boolean): Promise<readonly string[]> => {
    const options = {
      existing: 'all' as const,
      filter: (path: string) => !path.startsWith('day-2/'),
    }
    const app = new Deployed(
      pipelineOf((ssc) => {
        const paths = format
          ? ssc.fileStream('files', { ...options, format: wholeFiles() }).map(({ path }) => path)
          : ssc.fileStream('files', { ...options, read: (_, path) => [path] })
        paths.print(1_000)
      }),
      { sources: { 'fileStream-1': { ...toBucket, prefix } as typeof toBucket } },
    )
    for (const key of ['in/day-1/a', 'in/day-2/b', 'in/day-10/c', 'day-2/d']) app.write(key, 'x\n')
    await app.pass(3)
    return linesOf(app).toSorted()
  }

  test.each<[prefix: string, paths: readonly string[]]>([
    ['in/', ['day-1/a', 'day-10/c']],
    ['in/day-1', ['day-1/a', 'day-10/c']],
    ['in/day-2/', ['b']],
    ['', ['in/day-1/a', 'in/day-10/c', 'in/day-2/b']],
  ])('with the prefix %o', async (prefix, paths) => {
    expect(await pathsIn(prefix, false)).toEqual(paths)
    expect(await pathsIn(prefix, true)).toEqual(paths)
  })
})
