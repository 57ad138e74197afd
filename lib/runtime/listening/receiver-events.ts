/** Tells listeners of one receiver of this process, in Spark's words. */
import type { ReceiverInfo } from '../../dstream/listening/streaming-listener.ts'
import type { RuntimeEvent } from '../events.ts'
import type { ListenerBus } from './listener-bus.ts'

/** See the head of this file. */
export class ReceiverEvents {
  readonly #bus: ListenerBus | undefined
  readonly #source: string
  #last: Pick<ReceiverInfo, 'lastErrorMessage' | 'lastError' | 'lastErrorTime'> = {
    lastErrorMessage: '',
    lastError: '',
    lastErrorTime: -1,
  }

  constructor(bus: ListenerBus | undefined, source: string) {
    this.#bus = bus
    this.#source = source
  }

  started(): void {
    this.#bus?.tell('onReceiverStarted', () => ({ receiverInfo: this.#info(true) }))
  }

  /** Only what the receiver calls an error is told. */
  reported(event: RuntimeEvent): void {
    if (!('failure' in event)) return
    const { failure, message } = event
    const lastErrorTime = this.#bus?.nowMs ?? -1
    this.#last = { lastErrorMessage: message, lastError: failure, lastErrorTime }
    this.#bus?.tell('onReceiverError', () => ({ receiverInfo: this.#info(true) }))
  }

  stopped(): void {
    this.#bus?.tell('onReceiverStopped', () => ({ receiverInfo: this.#info(false) }))
  }

  #info(active: boolean): ReceiverInfo {
    const sources = this.#bus?.plan.sources ?? []
    return {
      streamId: sources.findIndex(({ id }) => id === this.#source),
      name: this.#source,
      active,
      location: 'localhost',
      executorId: 'driver',
      ...this.#last,
    }
  }
}
