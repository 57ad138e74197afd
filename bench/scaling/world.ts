/**
 * A world in virtual time. Every process of it is one thread: what it computes is real, and its
 * measured processor time passes in virtual time. Waiting costs no real time at all.
 *
 *   step of A |-- computes 3 ms --|            | answer arrives, but A is busy: it waits
 *   step of B      |-- 5 ms --|   the two overlap in virtual time, and run one after the other here
 *
 * A step runs from one event to the moment at which its process waits again. Only what a step does
 * may make events, so each belongs to the process whose step made it.
 */

/** A thread of the world: one environment of a function. */
export interface VirtualProcess {
  /** For whom its calls and time are counted. */
  readonly role: string
  /** Virtual milliseconds for one of processor time on this machine. */
  readonly slowness: number
  /** Processor time so far, in virtual milliseconds. */
  busyMs: number
  /** It computes until then. */
  freeAtMs: number
}

interface Happening {
  readonly atMs: number
  readonly order: number
  readonly process: VirtualProcess | undefined
  readonly run: () => void
}

/** A running step. */
interface Step {
  readonly process: VirtualProcess
  /** The reading of the thread when it began. */
  readonly threadMs: number
  /** It computes so much longer than it really does. */
  extraMs: number
  /** The last reading of the thread, and when that was. */
  readMs: number
  readAtMs: number
}

/**
 * A step ends after this many turns of the event loop without a call of the world. The clients of
 * AWS pass on what they read over a few turns.
 */
const QUIET_TURNS = 3

/** The processor time of this program so far, in milliseconds. */
export interface Processor {
  /** With all threads: garbage is collected on others, and code compiled. Slow to read. */
  readonly allMs: () => number
  /** Of the thread that computes. */
  readonly threadMs: () => number
}

const msOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000

const REAL: Processor = {
  allMs: () => msOf(process.cpuUsage()),
  threadMs: () => msOf(process.threadCpuUsage()),
}

/** A reading of the processor time is good for this long: a pipeline asks after each record. */
const READING_MS = 2

/**
 * The time of all threads is read after so much time of steps, and not for each: reading it takes
 * as long as a tenth of a request.
 */
const ALL_READING_MS = 5

const isBefore = (a: Happening, b: Happening): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** What is to happen, the earliest first: a binary heap. */
class Agenda {
  readonly #heap: Happening[] = []

  get first(): Happening | undefined {
    return this.#heap[0]
  }

  add(one: Happening): void {
    const heap = this.#heap
    let at = heap.push(one) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(one, heap[parent] as Happening)) break
      heap[at] = heap[parent] as Happening
      at = parent
    }
    heap[at] = one
  }

  take(): Happening | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const [left, right] = [heap[child], heap[child + 1]]
      if (right !== undefined && isBefore(right, left as Happening)) child += 1
      if (!isBefore(heap[child] as Happening, last)) break
      heap[at] = heap[child] as Happening
      at = child
    }
    heap[at] = last
    return first
  }
}

/** Runs what happens, in the order of virtual time. */
export class World {
  readonly #agenda = new Agenda()
  readonly #processor: Processor
  #nowMs: number
  #order = 0
  #calls = 0
  /** The last reading of all threads, and of the one that computes at that time. */
  #read: { readonly allMs: number; readonly threadMs: number }
  /** Of the time since then, that of steps. */
  #inStepsMs = 0
  /** Called after each step. */
  afterStep: (process: VirtualProcess, usedMs: number) => void = () => undefined
  #step: Step | undefined

  constructor(startMs: number, processor: Processor = REAL) {
    this.#nowMs = startMs
    this.#processor = processor
    this.#read = { allMs: processor.allMs(), threadMs: processor.threadMs() }
  }

  /** The process whose step runs. */
  get process(): VirtualProcess | undefined {
    return this.#step?.process
  }

  /** The time, as the running step sees it. */
  now(): number {
    const step = this.#step
    if (step === undefined) return this.#nowMs
    const wallMs = performance.now()
    if (wallMs - step.readAtMs > READING_MS) {
      step.readAtMs = wallMs
      step.readMs = this.#processor.threadMs()
    }
    return this.#within(step, step.readMs)
  }

  #within({ process, threadMs, extraMs }: Step, readMs: number): number {
    return this.#nowMs + extraMs + (readMs - threadMs) * process.slowness
  }

  /** The time, read anew. */
  exactNow(): number {
    const step = this.#step
    return step === undefined ? this.#nowMs : this.#within(step, this.#processor.threadMs())
  }

  /** The running step computes for longer than it really does. Before slowness. */
  compute(cpuMs: number): void {
    if (this.#step !== undefined) this.#step.extraMs += cpuMs * this.#step.process.slowness
  }

  /** Has something happen. With a process, it is a step of it, and comes when it has time. */
  at(atMs: number, run: () => void, process?: VirtualProcess): void {
    this.#calls += 1
    this.#agenda.add({ atMs, order: ++this.#order, process, run })
  }

  /** Resolves after this time, in a step of the running process. */
  sleep(ms: number): Promise<void> {
    const { process } = this
    if (process === undefined) throw new Error('something sleeps outside of a step')
    return new Promise((resolve) => this.at(this.exactNow() + Math.max(0, ms), resolve, process))
  }

  /** Runs all that happens before a time. Stops early after a step if `isEnough` says so. */
  async runUntil(endMs: number, isEnough: () => boolean = () => false): Promise<void> {
    for (;;) {
      if (isEnough()) return
      const next = this.#agenda.first
      if (next === undefined || next.atMs >= endMs) break
      this.#agenda.take()
      const { process, run, atMs } = next
      if (process !== undefined && process.freeAtMs > atMs) {
        // The order stays, so what waits for a process comes to it in the order of its times.
        this.#agenda.add({ ...next, atMs: process.freeAtMs })
        continue
      }
      this.#nowMs = Math.max(this.#nowMs, atMs)
      if (process === undefined) run()
      else await this.#runStep(process, run)
    }
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  async #runStep(process: VirtualProcess, run: () => void): Promise<void> {
    const threadMs = this.#processor.threadMs()
    const readAtMs = performance.now()
    const step = { process, threadMs, extraMs: 0, readMs: threadMs, readAtMs }
    this.#step = step
    run()
    let seen = this.#calls
    for (let turns = 0; turns < QUIET_TURNS; turns++) {
      await new Promise((resolve) => void setImmediate(resolve))
      if (this.#calls === seen) continue
      seen = this.#calls
      turns = -1
    }
    const ms = step.extraMs + this.#usedSince(threadMs) * process.slowness
    this.#step = undefined
    process.busyMs += ms
    process.freeAtMs = this.#nowMs + ms
    this.afterStep(process, ms)
  }

  /**
   * What a step has used that began with this reading of the thread. Now and then this has the time
   * of the other threads in it, as far as it belongs to steps.
   */
  #usedSince(beganMs: number): number {
    const threadMs = this.#processor.threadMs()
    const usedMs = threadMs - beganMs
    this.#inStepsMs += usedMs
    if (this.#inStepsMs < ALL_READING_MS) return usedMs
    const now = { allMs: this.#processor.allMs(), threadMs }
    const sinceMs = now.threadMs - this.#read.threadMs
    const othersMs = Math.max(0, now.allMs - this.#read.allMs - sinceMs)
    const share = this.#inStepsMs / sinceMs
    this.#read = now
    this.#inStepsMs = 0
    return usedMs + othersMs * share
  }
}
