/** Executors that are threads of this process, each with a heap and a copy of the module. */
import { Worker } from 'node:worker_threads'
import { MillraceError } from '../../base/errors.ts'
import type { Executors } from '../../ports/executors.ts'

/** What the threads run. */
export interface ThreadExecutorsOptions {
  /** How many threads there are at most. A thread starts when it gets its first task. */
  readonly count: number
  /** The module of a thread. It answers each {@link TaskMessage} with an {@link AnswerMessage}. */
  readonly entry: URL
  /** What the module gets as `workerData`. */
  readonly data: unknown
}

/** A task for a thread. */
export interface TaskMessage {
  readonly id: number
  readonly request: object
  readonly data: Uint8Array | undefined
}

/** The answer of a thread. */
export interface AnswerMessage {
  readonly id: number
  readonly answer: Uint8Array
}

/** Executors that can be ended. */
export interface ThreadExecutors extends Executors {
  /** Ends all threads. Their tasks have no answer. */
  close(): Promise<void>
}

/** The next task waits in the thread, so that it goes on without a turn of the driver. */
const TASKS_AT_ONCE = 2

/** Tasks make much that is garbage at once. More room for it makes them no faster. */
const YOUNG_MB = 24

/** A thread that ends so often without a single answer is not started again. */
const STARTS_MAX = 2

/**
 * Makes executors that are threads. They never keep the process alive when they have no task.
 *
 * @example
 * ```ts
 * const executors = threadExecutors({ count: 3, entry, data: { module: 'word-count.ts' } })
 * ```
 */
export const threadExecutors = ({
  count,
  entry,
  data,
}: ThreadExecutorsOptions): ThreadExecutors => {
  const threads = Array.from({ length: count }, () => new Thread(entry, data))
  return {
    count,
    tasksAtOnce: TASKS_AT_ONCE,
    run: (executor, request, signal, data) =>
      (threads[executor] as Thread).run(request, signal, data),
    close: async () => void (await Promise.all(threads.map((thread) => thread.close()))),
  }
}

interface Waiting {
  readonly resolve: (answer: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

class Thread {
  readonly #entry: URL
  readonly #data: unknown
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #starts = 0
  #lastId = 0

  constructor(entry: URL, data: unknown) {
    this.#entry = entry
    this.#data = data
  }

  run(request: object, signal: AbortSignal, data?: Uint8Array): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    if (this.#worker === undefined && this.#starts === STARTS_MAX) {
      reject(lost('it does not start'))
      return promise
    }
    const worker = (this.#worker ??= this.#start())
    const id = (this.#lastId += 1)
    const abort = (): void => this.#end(id)?.reject(signal.reason)
    signal.addEventListener('abort', abort)
    const stop = (): void => signal.removeEventListener('abort', abort)
    this.#waiting.set(id, { resolve, reject })
    worker.ref()
    worker.postMessage({ id, request, data } satisfies TaskMessage)
    promise.then(stop, stop)
    return promise
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #start(): Worker {
    this.#starts += 1
    const worker = new Worker(this.#entry, {
      workerData: this.#data,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    let reason = 'it has ended'
    worker.on('message', ({ id, answer }: AnswerMessage) => {
      this.#starts = 0
      this.#end(id)?.resolve(answer)
    })
    worker.on('error', (error) => (reason = error instanceof Error ? error.message : reason))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
      for (const id of this.#waiting.keys()) this.#end(id)?.reject(lost(reason))
    })
    return worker
  }

  /** A task is over. Undefined: it was before. */
  #end(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#worker?.unref()
    return waiting
  }
}

const lost = (reason: string): MillraceError =>
  new MillraceError('EXECUTOR_LOST', {
    problem: 'A thread of this process gave no answer',
    value: reason,
    fix: 'nothing: its task runs in the main thread. If it happens again, run with --parallelism 1',
    retryable: true,
  })
