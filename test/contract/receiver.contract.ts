import { describe, expect, test } from 'vitest'
import type { Delivery, Receiver, ReceiverSink } from '../../lib/ports/receiver.ts'

/** The far side of one connection of a receiver. */
export interface Peer {
  /** Sends bytes, and resolves when they are on their way. */
  send(bytes: Uint8Array): Promise<void>
  /** Ends the connection in good order. */
  end(): void
  /** Breaks it. */
  break(): void
}

/** A receiver with a source that the test plays. Cleans up by itself when the test has finished. */
export interface ReceiverSetup {
  readonly receiver: Receiver
  /** The next connection that the receiver makes. */
  nextPeer(): Promise<Peer>
}

interface Run {
  readonly deliveries: readonly Delivery[]
  readonly reports: readonly string[]
  /** Everything delivered so far, as one. */
  readonly records: () => readonly string[]
  /** Resolves when so many records were delivered. */
  readonly received: (count: number) => Promise<void>
  readonly stop: () => void
  readonly ended: Promise<void>
}

/** Runs the receiver with a sink that checks what a sink may count on. */
const run = (
  { receiver }: ReceiverSetup,
  {
    untilEnd = false,
    store = async () => undefined,
  }: { readonly untilEnd?: boolean; readonly store?: ReceiverSink['store'] } = {},
): Run => {
  const controller = new AbortController()
  const deliveries: Delivery[] = []
  const reports: string[] = []
  const records = (): readonly string[] =>
    deliveries.flatMap((delivery) => delivery.records as readonly string[])
  let storing = false
  let wake = (): void => undefined
  const sink: ReceiverSink = {
    async store(delivery) {
      expect(storing, 'store is called again before it has settled').toBe(false)
      storing = true
      await store(delivery)
      storing = false
      deliveries.push(delivery)
      wake()
    },
    report: (message) => void reports.push(message),
  }
  const received = async (count: number): Promise<void> => {
    while (records().length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const ended = receiver.run(sink, { signal: controller.signal, untilEnd })
  return { deliveries, reports, records, received, stop: () => controller.abort(), ended }
}

const bytes = (text: string): Buffer => Buffer.from(text)
const numbers = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => String(index))

const delivering = (open: () => Promise<ReceiverSetup>): void => {
  test('all lines, in order, and the last without an end', async () => {
    const setup = await open()
    const running = run(setup, { untilEnd: true })
    const peer = await setup.nextPeer()
    await peer.send(bytes('one\ntw'))
    await running.received(1)
    await peer.send(bytes('o\r\n\nth'))
    await peer.send(bytes('ree'))
    peer.end()
    await running.ended
    expect(running.records()).toEqual(['one', 'two', '', 'three'])
  })

  test('soon, and not only when there are many or the source ends', async () => {
    const setup = await open()
    const running = run(setup)
    const peer = await setup.nextPeer()
    for (let count = 1; count <= 3; count++) {
      await peer.send(bytes(`${count}\n`))
      await running.received(count)
    }
    running.stop()
    await running.ended
    expect(running.records()).toEqual(['1', '2', '3'])
  })

  test('many lines, none lost and none twice, however slow the store', async () => {
    const setup = await open()
    const lines = numbers(200_000)
    const slow = (): Promise<undefined> =>
      new Promise((resolve) => setTimeout(resolve, 1, undefined))
    const running = run(setup, { untilEnd: true, store: slow })
    const peer = await setup.nextPeer()
    await peer.send(bytes(lines.join('\n')))
    peer.end()
    await running.ended
    expect(running.records()).toEqual(lines)
    expect(
      Math.max(...running.deliveries.map(({ records }) => records.length)),
    ).toBeLessThanOrEqual(10_000)
  })

  test('what is no text is handed over with its bytes and its place', async () => {
    const setup = await open()
    const running = run(setup, { untilEnd: true })
    const peer = await setup.nextPeer()
    await peer.send(
      Buffer.concat([bytes('good\n'), Buffer.from([0xff, 0x0a]), bytes('also good\n')]),
    )
    peer.end()
    await running.ended
    expect(running.records()).toEqual(['good', 'also good'])
    const places = running.deliveries.flatMap(({ records, rejected }) =>
      rejected.map((line) => ({ ...line, next: records[line.index] })),
    )
    expect(places).toEqual([
      expect.objectContaining({
        code: 'LINE_NOT_UTF8',
        data: Uint8Array.of(0xff),
        sizeBytes: 1,
        next: 'also good',
      }),
    ])
  })

  test('nothing is delivered where nothing came', async () => {
    const setup = await open()
    const running = run(setup, { untilEnd: true })
    ;(await setup.nextPeer()).end()
    await running.ended
    expect(running.deliveries).toEqual([])
  })
}

const connecting = (open: () => Promise<ReceiverSetup>): void => {
  test.each<['end' | 'break', boolean, number]>([
    ['end', false, 3],
    ['break', false, 3],
    ['break', true, 2],
  ])(
    'after the peer’s %s it connects again and says so (until the end: %s)',
    async (how, untilEnd, connections) => {
      const setup = await open()
      const running = run(setup, { untilEnd })
      for (let connection = 1; connection < connections; connection++) {
        const peer = await setup.nextPeer()
        await peer.send(bytes(`${connection}\n`))
        await running.received(connection)
        peer[how]()
      }
      const last = await setup.nextPeer()
      await last.send(bytes('last'))
      last.end()
      await running.received(connections)
      running.stop()
      await running.ended
      expect(running.records()).toEqual([...numbers(connections).slice(1), 'last'])
      // One for each connection made and one for each lost at least.
      expect(running.reports.length).toBeGreaterThanOrEqual(2 * connections - 1)
      for (const report of running.reports) expect(report).toContain(setup.receiver.description)
    },
  )
}

const ending = (open: () => Promise<ReceiverSetup>): void => {
  test('when stopped, also in the middle of a line', async () => {
    const setup = await open()
    const running = run(setup)
    const peer = await setup.nextPeer()
    await peer.send(bytes('whole\nunfinished'))
    await running.received(1)
    running.stop()
    await running.ended
    expect(running.records()).toEqual(['whole'])
  })

  test('when it was stopped before it began', async () => {
    const setup = await open()
    const reports: string[] = []
    const sink: ReceiverSink = {
      store: () => expect.fail('nothing can have come'),
      report: (message) => void reports.push(message),
    }
    await setup.receiver.run(sink, { signal: AbortSignal.abort(), untilEnd: false })
    expect(reports).toEqual([])
  })

  test('only when the store under way is over', async () => {
    const setup = await open()
    const storing = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const running = run(setup, { store: () => (begun.resolve(), storing.promise) })
    await (await setup.nextPeer()).send(bytes('a\n'))
    await begun.promise
    running.stop()
    let over = false
    void running.ended.then(() => (over = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(over).toBe(false)
    storing.resolve()
    await running.ended
    expect(running.records()).toEqual(['a'])
  })

  test.each([false, true])(
    'with the error of the store, even if nothing more comes (until the end: %s)',
    async (untilEnd) => {
      const setup = await open()
      const failure = new Error('the store is full')
      const running = run(setup, { untilEnd, store: () => Promise.reject(failure) })
      const rejection = expect(running.ended).rejects.toBe(failure)
      await (await setup.nextPeer()).send(bytes('a\n'))
      await rejection
    },
  )
}

/** What every {@link Receiver} promises. */
export const receiverContract = (adapter: string, open: () => Promise<ReceiverSetup>): void => {
  describe(`a receiver: ${adapter}`, () => {
    describe('delivers', () => delivering(open))
    describe('connects', () => connecting(open))
    describe('ends', () => ending(open))
  })
}
