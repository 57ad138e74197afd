import { describe, expect, test } from 'vitest'
import { socketReceiver } from '../../lib/adapters/local/socket-receiver.ts'
import { systemClock } from '../../lib/adapters/local/system-clock.ts'
import type { Delivery } from '../../lib/ports/receiver.ts'
import { lineServer, peerOf } from './line-server.ts'
import { receiverContract } from './receiver.contract.ts'
import { freePort } from '../ports.ts'

receiverContract('socket', async () => {
  const server = await lineServer()
  return {
    receiver: socketReceiver({ host: '127.0.0.1', port: server.port, retryDelayMs: 1 }),
    nextPeer: async () => peerOf(await server.nextSocket()),
  }
})

const clock = systemClock()
const forEver = new AbortController().signal

describe('a socket', () => {
  test('is called by its address', () => {
    expect(socketReceiver({ host: 'localhost', port: 9999 }).description).toBe(
      'socket localhost:9999',
    )
  })

  test('nobody listens yet: it tries again, says it once, and takes what comes then', async () => {
    const port = await freePort()
    const refused = Promise.withResolvers<void>()
    const reports: string[] = []
    const records: string[] = []
    const ended = socketReceiver({ host: '127.0.0.1', port, retryDelayMs: 1 }).run(
      {
        store: async (delivery) => void records.push(...(delivery.records as readonly string[])),
        report(message) {
          reports.push(message)
          refused.resolve()
        },
      },
      { signal: forEver, untilEnd: true },
    )
    await refused.promise
    const socket = await (await lineServer(port)).nextSocket()
    socket.end('a\nb')
    await ended
    expect(records).toEqual(['a', 'b'])
    expect(reports).toEqual([
      expect.stringContaining('ECONNREFUSED'),
      expect.stringContaining('connected'),
    ])
  })

  test('a line that is too long is let go as it arrives', async () => {
    const server = await lineServer()
    const deliveries: Delivery[] = []
    const ended = socketReceiver({
      host: '127.0.0.1',
      port: server.port,
      lineBytesMax: 100_000,
    }).run(
      { store: async (delivery) => void deliveries.push(delivery), report: () => undefined },
      { signal: forEver, untilEnd: true },
    )
    const peer = peerOf(await server.nextSocket())
    await peer.send(Buffer.from('a\n'))
    for (let count = 0; count < 100; count++) await peer.send(Buffer.alloc(100_000, 'x'))
    await peer.send(Buffer.from('\nb'))
    peer.end()
    await ended
    expect(deliveries.flatMap(({ records }) => records)).toEqual(['a', 'b'])
    expect(deliveries.flatMap(({ rejected }) => rejected)).toMatchObject([
      { code: 'LINE_TOO_LONG', sizeBytes: 10_000_000 },
    ])
  })

  test('a sender is slowed down while a store is under way', async () => {
    const server = await lineServer()
    const chunk = Buffer.alloc(1_000_000, `${'x'.repeat(99)}\n`)
    const chunkCount = 100
    let sentBytes = 0
    let storedBytes = 0
    let aheadBytesMax = 0
    const ended = socketReceiver({ host: '127.0.0.1', port: server.port }).run(
      {
        async store({ records }) {
          // Until the sender is stuck; one that is not slowed down gets to its end meanwhile.
          for (let before = -1; storedBytes === 0 && before !== sentBytes; await clock.sleep(100))
            before = sentBytes
          aheadBytesMax = Math.max(aheadBytesMax, sentBytes - storedBytes)
          storedBytes += records.length * 100
        },
        report: () => undefined,
      },
      { signal: forEver, untilEnd: true },
    )
    const peer = peerOf(await server.nextSocket())
    for (let count = 0; count < chunkCount; count++) {
      await peer.send(chunk)
      sentBytes += chunk.length
    }
    peer.end()
    await ended
    expect(storedBytes).toBe(chunkCount * chunk.length)
    // What the system keeps on both sides, two deliveries and some: far less than everything.
    expect(aheadBytesMax).toBeLessThan(50_000_000)
  })
})

/** A port on which nobody listens. */
