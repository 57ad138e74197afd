import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { demoReceiver } from '../../lib/adapters/local/demo-receiver.ts'
import { stdinReceiver } from '../../lib/adapters/local/stdin-receiver.ts'
import type { Delivery, Receiver } from '../../lib/ports/receiver.ts'

/** Runs a receiver, and keeps what it delivers and says. */
const running = (receiver: Receiver, untilEnd: boolean) => {
  const stop = new AbortController()
  const deliveries: Delivery[] = []
  const said: string[] = []
  const ended = receiver.run(
    {
      store: async (delivery) => void deliveries.push(delivery),
      report: (message) => void said.push(message),
    },
    { signal: stop.signal, untilEnd },
  )
  const records = (): readonly unknown[] => deliveries.flatMap(({ records: some }) => some)
  return { stop, ended, said, records, deliveries }
}

test('the standard input is read to its end, also without a last line end', async () => {
  const input = new PassThrough()
  const { ended, records, said, deliveries } = running(stdinReceiver({ input }), true)
  input.write('a\nb')
  input.write('b\r\n')
  input.write(Buffer.from([0xff, 0x0a]))
  input.end('last')
  await ended
  expect(records()).toEqual(['a', 'bb', 'last'])
  expect(deliveries.flatMap(({ rejected }) => rejected)).toMatchObject([{ code: 'LINE_NOT_UTF8' }])
  expect(said).toEqual([])
})

test('its end is said by a run that goes on', async () => {
  const input = new PassThrough()
  const { ended, records, said } = running(stdinReceiver({ input }), false)
  input.end('a\n')
  await ended
  expect(records()).toEqual(['a'])
  expect(said).toEqual(['the standard input has ended; with --once the run would end here'])
})

test('a stop ends the reading, and what has arrived is stored', async () => {
  const input = new PassThrough()
  const { stop, ended, records, said } = running(stdinReceiver({ input }), true)
  input.write('a\nbegun')
  await expect.poll(records).toEqual(['a'])
  stop.abort()
  await ended
  expect(records()).toEqual(['a'])
  expect(said).toEqual([])
  expect(input.destroyed).toBe(false)
})

test('made-up lines end with --once, and go on until a stop otherwise', async () => {
  const once = running(demoReceiver(), true)
  await once.ended
  expect(once.records().length).toBeGreaterThanOrEqual(10)
  const endless = running(demoReceiver(), false)
  await expect.poll(() => endless.records().length).toBeGreaterThan(0)
  endless.stop.abort()
  await endless.ended
})
