import { describe, expect, test } from 'vitest'
import type {
  HttpAnswer,
  HttpHandler,
  HttpListener,
} from '../../../../../lib/ports/http-listener.ts'
import type { Delivery } from '../../../../../lib/ports/receiver.ts'
import { httpPosts } from '../../../../../lib/dstream/sources/http.ts'
import { readingOf } from '../../../../../lib/runtime/sources/http/requests.ts'
import { httpReceiver } from '../../../../../lib/runtime/sources/http/receiver.ts'

const ADDRESS = { host: '127.0.0.1', port: 8080, path: '/in' }
const POST = { method: 'POST', headers: {} }

/** A receiver whose listener is this test, over a sink that waits until it may store. */
const open = () => {
  let handler: HttpHandler | undefined
  let stops = 0
  const listener: HttpListener = {
    async listen(_, given) {
      handler = given
      return { stop: async () => void (stops += 1) }
    },
  }
  const deliveries: (readonly unknown[])[] = []
  const waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  const reports: string[] = []
  const stop = new AbortController()
  const receiver = httpReceiver({
    listener,
    address: ADDRESS,
    reading: readingOf(httpPosts('in', { records: 'lines' }).declaration),
    secret: undefined,
    clock: { now: () => 0 },
  })
  const sink = {
    store: ({ records }: Delivery) => {
      deliveries.push(records)
      return new Promise<void>((resolve, reject) => void waiting.push({ resolve, reject }))
    },
    report: (message: string) => void reports.push(message),
  }
  const run = (untilEnd = false): Promise<void> =>
    receiver.run(sink, { signal: stop.signal, untilEnd })
  const post = async (text: string): Promise<HttpAnswer> => {
    const refused = handler?.admit(POST)
    return refused ?? (handler as HttpHandler).take(POST, Buffer.from(text))
  }
  return { run, post, deliveries, waiting, reports, stop, stops: () => stops }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const bodies = (records: readonly unknown[] = []): readonly string[] =>
  records.map((record) => (record as { readonly body: string }).body)

describe('a receiver of requests', () => {
  test('answers after the append, and stores together what has come in the meantime', async () => {
    const { run, post, deliveries, waiting, stop, stops, reports } = open()
    const ended = run()
    await turn()
    const answers: number[] = []
    for (const text of ['a', 'b\nc', 'd'])
      void post(text).then(({ status }) => void answers.push(status))
    await turn()
    expect([deliveries.map(bodies), answers]).toEqual([[['a']], []])
    waiting[0]?.resolve()
    await turn()
    expect([deliveries.map(bodies), answers]).toEqual([[['a'], ['b', 'c', 'd']], [202]])
    waiting[1]?.resolve()
    await turn()
    expect(answers).toEqual([202, 202, 202])
    stop.abort()
    await ended
    expect([stops(), reports]).toEqual([1, ['http://127.0.0.1:8080/in takes requests']])
  })

  test('bounds what waits: 503 while it is full, and later it goes on', async () => {
    const { run, post, deliveries, waiting, stop } = open()
    const ended = run()
    await turn()
    const large = 'x'.repeat(4 * 1024 * 1024)
    const sent = Array.from({ length: 12 }, () => post(large))
    await turn()
    const statuses = sent.map(async (answer) => (await answer).status)
    expect(await Promise.all(statuses.slice(8))).toEqual([503, 503, 503, 503])
    for (let stored = 0; stored < 8; stored++) {
      waiting[stored]?.resolve()
      await turn()
    }
    expect(await Promise.all(statuses.slice(0, 8))).toEqual(Array.from({ length: 8 }, () => 202))
    // No append is larger than one request may be.
    expect(deliveries.map(({ length }) => length)).toEqual(Array.from({ length: 8 }, () => 1))
    void post('later')
    await turn()
    expect(bodies(deliveries.at(-1))).toEqual(['later'])
    stop.abort()
    await ended
  })

  test('ends the run when nothing can be stored any more, and tells nobody it was', async () => {
    const { run, post, waiting, stops } = open()
    const ended = run()
    await turn()
    const sent = [post('a'), post('b')]
    await turn()
    const error = new Error('the disk is full')
    waiting[0]?.reject(error)
    for (const one of sent) await expect(one).rejects.toBe(error)
    await expect(ended).rejects.toBe(error)
    expect(stops()).toBe(1)
  })

  test('stores nothing for a request without records', async () => {
    const { run, post, deliveries, stop } = open()
    const ended = run()
    await turn()
    expect(await post('')).toMatchObject({ status: 202, text: '{"records":0}' })
    expect(deliveries).toEqual([])
    stop.abort()
    await ended
  })

  test('does not listen in a run that ends with its input', async () => {
    const { run, reports } = open()
    await run(true)
    expect(reports).toEqual([expect.stringContaining('takes no requests')])
  })
})
