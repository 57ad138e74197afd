/**
 * A standard SQS queue and its mapping to a function. Messages arrive after their delay, in any
 * order, in batches, now and then twice. A received message is hidden until its visibility timeout
 * is over, and comes again unless it was taken. After a number of tries it goes to the dead-letter
 * queue.
 */
import type { CallWorld } from '../calls.ts'

/** The settings of the queue and of its mapping. */
export interface QueueSettings {
  readonly name: string
  readonly visibilityMs: number
  readonly tries: number
  readonly batchMax: number
  /** The most invocations at the same time. */
  readonly concurrency: number
}

/** How an invocation with messages has ended. */
export interface Consumed {
  readonly taken: boolean
  /** The indices of messages that the function did not take all the same. */
  readonly failed?: ReadonlySet<number>
}

/**
 * Invokes the function with the bodies of messages. Calls `ended` once, with whether the function
 * took them.
 */
export type InvokeConsumer = (
  bodies: readonly string[],
  ended: (consumed: Consumed) => void,
) => void

interface Message {
  readonly body: string
  visibleMs: number
  receives: number
}

const LATE_MS_MAX = 40_000

export class SimulatedQueue {
  readonly #parts: CallWorld
  readonly #settings: QueueSettings
  readonly #invoke: InvokeConsumer
  readonly #messages = new Set<Message>()
  readonly #dead: string[] = []
  #running = 0

  constructor(parts: CallWorld, settings: QueueSettings, invoke: InvokeConsumer) {
    this.#parts = parts
    this.#settings = settings
    this.#invoke = invoke
  }

  /** Whether the queue is empty: no message waits, not even for its delay. */
  get isEmpty(): boolean {
    return this.#messages.size === 0
  }

  /** Messages whose delay is over, received or not. */
  get due(): number {
    const { nowMs } = this.#parts.world
    return [...this.#messages].filter(
      ({ visibleMs, receives }) => receives > 0 || visibleMs <= nowMs,
    ).length
  }

  /** Takes a message, and delivers it after this delay or later. */
  send(body: string, delayMs = 0): void {
    const { faults, world } = this.#parts
    const lateMs = faults.strikes('lateMessage', 2) ? world.random.between(0, LATE_MS_MAX) : 0
    this.#add(body, delayMs + lateMs + world.random.between(1, 300))
    if (faults.strikes('repeatedMessage', 2))
      this.#add(body, delayMs + world.random.between(0, LATE_MS_MAX))
  }

  /** An operator sends the messages of the dead-letter queue again, but for hopeless ones. */
  redrive(isHopeless: (body: string) => boolean): void {
    for (const body of this.#dead.splice(0)) if (!isHopeless(body)) this.#add(body, 0)
  }

  #add(body: string, delayMs: number): void {
    this.#messages.add({ body, visibleMs: this.#parts.world.nowMs + delayMs, receives: 0 })
    this.#parts.world.after(delayMs, () => this.#pump())
  }

  #pump(): void {
    const { world } = this.#parts
    if (this.#running >= this.#settings.concurrency) return
    const visible = [...this.#messages].filter(({ visibleMs }) => visibleMs <= world.nowMs)
    const batch = visible.filter(() => world.random.chance(0.8)).slice(0, this.#settings.batchMax)
    if (batch.length > 0)
      this.#deliver(
        batch.map((message) => this.#receive(message)).filter((message) => message !== undefined),
      )
    if (visible.length > batch.length) world.after(world.random.between(1, 50), () => this.#pump())
  }

  /** Undefined when it has been received too often. */
  #receive(message: Message): Message | undefined {
    const { world, sightings } = this.#parts
    const { visibilityMs, tries, name } = this.#settings
    if (message.receives >= tries) {
      this.#messages.delete(message)
      this.#dead.push(message.body)
      sightings.see('a message put aside in its dead-letter queue')
      world.log(() => `${name} puts ${message.body} aside`)
      return undefined
    }
    message.receives += 1
    message.visibleMs = world.nowMs + visibilityMs
    world.after(visibilityMs, () => this.#pump())
    return message
  }

  #deliver(messages: readonly Message[]): void {
    if (messages.length === 0) return
    this.#running += 1
    this.#invoke(
      messages.map(({ body }) => body),
      ({ taken, failed = new Set() }) => {
        this.#running -= 1
        if (taken)
          for (const [index, message] of messages.entries())
            if (!failed.has(index)) this.#messages.delete(message)
        this.#pump()
      },
    )
  }
}
