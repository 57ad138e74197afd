import { describe, expect, test } from 'vitest'
import { pipelineOf } from '../runtime/harness.ts'
import { Deployed, toStream } from './deployed.ts'

const pipeline = pipelineOf((ssc) => ssc.kinesisTextStream('lines').print(100))
const sources = { 'kinesisTextStream-1': toStream }

const begin = async (): Promise<Deployed> => {
  const app = new Deployed(pipeline, { sources })
  await app.trigger()
  await app.put(1, 'of the old stream', 'and more of it')
  await app.pass()
  return app
}

describe('a stream that is deleted and created again, and counts from the beginning', () => {
  test('is a new stream to a process that starts', async () => {
    const app = await begin()
    app.streamCreatedMs = 2
    app.freeze()
    await app.put(1, 'of the new stream')
    await app.pass()
    expect(app.printed().flatMap(([, lines]) => lines)).toEqual([
      'of the old stream',
      'and more of it',
      'of the new stream',
    ])
  })

  test('is detected by a running process, and the records come again', async () => {
    const app = await begin()
    app.streamCreatedMs = 2
    const put = (): Promise<void> => app.put(1, 'of the new stream')
    await expect(put()).rejects.toMatchObject({ code: 'STREAM_REPLACED', retryable: true })
    await put()
    await app.pass()
    expect(app.printed().flatMap(([, lines]) => lines)).toEqual([
      'of the old stream',
      'and more of it',
      'of the new stream',
    ])
  })

  test('is detected before some of its records count as records of the old stream', async () => {
    const app = await begin()
    app.streamCreatedMs = 2
    const put = (): Promise<void> => app.put(2, 'new', 'newer', 'newest')
    await expect(put()).rejects.toMatchObject({ code: 'STREAM_REPLACED' })
    await put()
    await app.pass()
    expect(app.printed().flatMap(([, lines]) => lines)).toEqual([
      'of the old stream',
      'and more of it',
      'new',
      'newer',
      'newest',
    ])
  })

  test('is read after all that waits of the old stream', async () => {
    const app = new Deployed(
      pipelineOf((ssc) => ssc.kinesisTextStream('lines').print(100), { limits: { records: 2 } }),
      { sources },
    )
    await app.trigger()
    await app.put(1, 'old 1')
    await app.put(2, 'old 2')
    await app.put(3, 'old 3')
    for (const [name, createdMs] of [
      ['second', 2],
      ['third', 3],
    ] as const) {
      app.streamCreatedMs = createdMs
      app.freeze()
      await app.put(1, `${name} 1`)
      await app.put(2, `${name} 2`)
      await app.put(3, `${name} 3`)
    }
    await app.pass(8)
    expect(app.printed().map(([, lines]) => lines)).toEqual([
      ['old 1', 'old 2'],
      ['old 3', 'second 1'],
      ['second 2', 'second 3'],
      ['third 1', 'third 2'],
      ['third 3'],
    ])
  })

  test('is not assumed when records are only redelivered', async () => {
    const app = await begin()
    await app.put(1, 'of the old stream', 'and more of it', 'and yet more')
    await app.pass()
    expect(app.printed().flatMap(([, lines]) => lines)).toEqual([
      'of the old stream',
      'and more of it',
      'and yet more',
    ])
  })
})
