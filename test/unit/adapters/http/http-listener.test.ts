import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { httpListener } from '../../../../lib/adapters/local/http/http-listener.ts'
import type { HttpServerLimits } from '../../../../lib/adapters/local/http/http-server.ts'
import { HTTP_BODY_BYTES_MAX } from '../../../../lib/base/http-limits.ts'
import type { HttpAnswer, HttpHandler } from '../../../../lib/ports/http-listener.ts'
import { freePort } from '../../../ports.ts'

// A real port: what clients do wrong, or on purpose.

const HOST = '127.0.0.1'

/** A port that nobody has. */
const echo = (bytes: number): HttpAnswer => ({ status: 202, text: JSON.stringify({ bytes }) })

const open = async (
  handler: Partial<HttpHandler> = {},
  limits: HttpServerLimits = {},
  path = '/in',
) => {
  const port = await freePort()
  const listener = httpListener(limits)
  const taken: Uint8Array[] = []
  const listening = await listener.listen(
    { host: HOST, port, path },
    {
      admit: () => undefined,
      take: async (_, body) => {
        taken.push(body)
        return echo(body.byteLength)
      },
      ...handler,
    },
  )
  onTestFinished(() => listening.stop())
  return { port, listener, listening, taken, url: `http://${HOST}:${port}${path}` }
}

/** Sends bytes as they are, and reads until the other side closes the connection. */
const exchange = async (port: number, ...parts: readonly (string | Uint8Array)[]) => {
  const socket = connect({ host: HOST, port })
  await once(socket, 'connect')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => undefined)
  for (const part of parts) socket.write(part)
  await once(socket, 'close')
  return text
}

const statusesIn = (text: string): readonly number[] =>
  [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status))

const post = (headers: string, body = ''): string =>
  `POST /in HTTP/1.1\r\nhost: a\r\n${headers}\r\n\r\n${body}`

const CLOSE = 'host: a\r\nconnection: close\r\n\r\n'
const MANY = 'x'.repeat(20_000)

describe('a request', () => {
  test.each([
    { what: 'with a length', text: post('content-length: 3', 'abc'), status: 202, bytes: 3 },
    {
      what: 'in chunks',
      text: post('transfer-encoding: chunked', '2\r\nab\r\n1\r\nc\r\n0\r\n\r\n'),
      status: 202,
      bytes: 3,
    },
    { what: 'without a body', text: post('content-length: 0'), status: 202, bytes: 0 },
    { what: 'of no HTTP', text: 'hello\r\n\r\n', status: 400 },
    { what: 'without a host', text: 'POST /in HTTP/1.1\r\n\r\n', status: 400 },
    {
      what: 'with a length and chunks',
      text: post('content-length: 3\r\ntransfer-encoding: chunked', '0\r\n\r\n'),
      status: 400,
    },
    { what: 'with headers that are too long', text: post(`a: ${MANY}`), status: 431 },
    { what: 'for another path', text: `GET /other HTTP/1.1\r\n${CLOSE}`, status: 404 },
    { what: 'for no path', text: `OPTIONS * HTTP/1.1\r\n${CLOSE}`, status: 404 },
    {
      what: 'that says too great a length',
      text: post(`content-length: ${HTTP_BODY_BYTES_MAX + 1}`),
      status: 413,
    },
  ])('$what gets $status', async ({ text, status, bytes }) => {
    const { port, taken } = await open({}, { requestMs: 1_000 })
    const last = `GET /end HTTP/1.1\r\n${CLOSE}`
    const answers = await exchange(port, text, ...(bytes === undefined ? [] : [last]))
    expect(statusesIn(answers)[0]).toBe(status)
    expect(taken.map(({ byteLength }) => byteLength)).toEqual(bytes === undefined ? [] : [bytes])
  })

  test('that is longer than allowed is answered, and never held as a whole', async () => {
    const { url, taken } = await open()
    const body = new Uint8Array(HTTP_BODY_BYTES_MAX + 1_000_000)
    for (const sent of [body, new Blob([body]).stream()]) {
      const answer = await fetch(url, { method: 'POST', body: sent, duplex: 'half' } as RequestInit)
      expect(answer.status).toBe(413)
    }
    expect(taken).toEqual([])
  })

  test('has not its body sent if it asks and is refused', async () => {
    const { port } = await open({ admit: () => ({ status: 401, text: '{}' }) })
    const asks = 'expect: 100-continue\r\nconnection: close\r\ncontent-length: 3'
    expect(statusesIn(await exchange(port, post(asks)))).toEqual([401])
  })

  test('may have its body sent if it asks', async () => {
    const { port } = await open()
    const asks = 'expect: 100-continue\r\nconnection: close\r\ncontent-length: 3'
    expect(statusesIn(await exchange(port, post(asks), 'abc'))).toEqual([100, 202])
  })

  test('that is sent too slowly is cut off, and holds nothing any more', async () => {
    const { port, url, taken } = await open({}, { requestMs: 300, heldBytesMax: 5 })
    const slow = await exchange(port, post('content-length: 5', 'slow'))
    expect(statusesIn(slow).every((status) => status === 408)).toBe(true)
    expect(taken).toEqual([])
    // The four bytes would not leave enough room.
    expect((await fetch(url, { method: 'POST', body: 'quick' })).status).toBe(202)
  })

  test('is refused while too many bytes are held, and taken later', async () => {
    let go = (): void => undefined
    const waits = new Promise<void>((resolve) => (go = resolve))
    const take = async (): Promise<HttpAnswer> => {
      await waits
      return echo(0)
    }
    const { url } = await open({ take }, { heldBytesMax: 1_000 })
    const refused: (string | null)[] = []
    const sent = Array.from({ length: 10 }, async () => {
      const { status, headers } = await fetch(url, { method: 'POST', body: 'x'.repeat(300) })
      if (status === 503) refused.push(headers.get('retry-after'))
      if (refused.length === 7) go()
      return status
    })
    const statuses = await Promise.all(sent)
    expect(statuses.filter((status) => status === 202)).toHaveLength(3)
    expect(refused).toEqual(Array.from({ length: 7 }, () => '2'))
    expect((await fetch(url, { method: 'POST', body: 'x'.repeat(900) })).status).toBe(202)
  })
})

describe('a port', () => {
  test('is shared by paths, until the last one is closed', async () => {
    const { port, listener, listening, url } = await open()
    const other = await listener.listen(
      { host: HOST, port, path: '/other' },
      { admit: () => undefined, take: async () => echo(7) },
    )
    const at = async (path: string): Promise<number> =>
      (await fetch(`http://${HOST}:${port}${path}`, { method: 'POST' })).status
    expect([await at('/in?a=b'), await at('/other')]).toEqual([202, 202])
    await listening.stop()
    expect([await at('/in'), await at('/other')]).toEqual([404, 202])
    await other.stop()
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  test('that another program has is refused, and so is a path twice', async () => {
    const { port, listener } = await open()
    const handler: HttpHandler = { admit: () => undefined, take: async () => echo(0) }
    const refusal = { code: 'ADDRESS_UNAVAILABLE' }
    const address = { host: HOST, port, path: '/in' }
    await expect(listener.listen(address, handler)).rejects.toMatchObject(refusal)
    const another = httpListener().listen({ ...address, path: '/more' }, handler)
    await expect(another).rejects.toMatchObject({ ...refusal, message: /another run/ })
  })

  test('that closes answers what has begun, and takes nothing new', async () => {
    let go = (): void => undefined
    let began = (): void => undefined
    const waits = new Promise<void>((resolve) => (go = resolve))
    const running = new Promise<void>((resolve) => (began = resolve))
    const { listening, url } = await open({
      take: async () => {
        began()
        await waits
        return echo(1)
      },
    })
    const sent = fetch(url, { method: 'POST', body: 'a' })
    await running
    const stopped = listening.stop()
    await expect(fetch(url, { method: 'POST', body: 'b' })).rejects.toThrow('fetch failed')
    go()
    expect((await sent).status).toBe(202)
    await stopped
  })

  test('that closes waits for nobody for ever', async () => {
    const { port, listening } = await open({}, { stopMs: 50 })
    const slow = exchange(port, post('content-length: 100', 'slow'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await listening.stop()
    expect(statusesIn(await slow)).toEqual([])
  })
})
