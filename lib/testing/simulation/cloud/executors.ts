/**
 * The executors of one process of the driver: processes of their own, which the same deployment has
 * started. They read the same streams, buckets and table, and fail in every way that processes do.
 * What reaches them and what they answer is bytes.
 */
import { MillraceError } from '../../../base/errors.ts'
import type { Executors } from '../../../ports/executors.ts'
import {
  decodeAnswer,
  type TaskAnswer,
  type ExecutorRequest,
  numberOf,
} from '../../../runtime/tasks/task-request.ts'
import type { TaskServer } from '../../../runtime/tasks/task-server.ts'
import type { CallWorld } from '../calls.ts'
import { type Deployment, Environment } from '../environment.ts'
import type { AnsweredTask, Observer } from '../ports/observer.ts'
import type { SimulatedBucket } from './bucket.ts'

/** What the executors of a driver are made with. */
export interface ExecutorsParts extends CallWorld {
  readonly observer: Observer
  /** How many executors each process of the driver has. */
  readonly executors: number
  readonly buckets: ReadonlyMap<string, Pick<SimulatedBucket, 'changeTaken'>>
  /** Starts an executor: it opens its sources by itself. */
  readonly startServer: (environment: Environment) => StartedServer
}

/** What a process of an executor runs. */
export interface StartedServer {
  /** The hash of its plan. */
  readonly plan: string
  readonly server: Promise<TaskServer>
}

/** The executors of a driver. Undefined: there are none in this world. */
export const simulatedExecutors = (
  parts: ExecutorsParts,
  driver: Environment,
): Executors | undefined => {
  if (parts.executors === 0) return undefined
  const executors = Array.from(
    { length: parts.executors },
    (_, number) => new SimulatedExecutor(parts, driver, number),
  )
  return {
    count: parts.executors,
    tasksAtOnce: parts.faults.spreading.pick([1, 2]),
    run: (executor, request, signal, data) =>
      (executors[executor] as SimulatedExecutor).run(
        { text: JSON.stringify(request), data: data && Uint8Array.from(data) },
        signal,
      ),
  }
}

/** What reaches an executor. */
interface Sent {
  readonly text: string
  readonly data: Uint8Array | undefined
}

interface Process extends StartedServer {
  readonly environment: Environment
  /** Ends the calls that it works on. */
  readonly lose: Set<(error: unknown) => void>
}

/** How likely each thing is to happen to a task, in a world in which it happens at all. */
const DIES = 0.15
const FREEZES = 0.15
const FORGETS = 0.1
const IS_FOREIGN = 0.06
const IS_LATE = 0.15
const IS_REPEATED = 0.1
const INPUT_CHANGES = 0.2

/** A task that lasts for two seconds is run in the driver as well. These end then, or later. */
const LATE_MS = [1_900, 1_990, 2_000, 2_010, 2_050, 4_000, 25_000]
const LATENCY_MS_MAX = 8
/** How long a call takes to end that is given up. */
const ABORTED_MS = [1, 5, 300]
const isWindow = ({ node }: ExecutorRequest): boolean => node.includes('AndWindow')

/** How long it takes at most to see that an executor has ended. */
const NOTICED_MS_MAX = 500

/** One executor. Its process is replaced when it has ended. */
class SimulatedExecutor {
  readonly #parts: ExecutorsParts
  readonly #driver: Environment
  readonly #number: number
  #process: Process | undefined
  #made = 0

  constructor(parts: ExecutorsParts, driver: Environment, number: number) {
    this.#parts = parts
    this.#driver = driver
    this.#number = number
  }

  run(request: Sent, signal: AbortSignal): Promise<Uint8Array> {
    const driver = this.#driver
    const { world, sightings, faults } = this.#parts
    const { spreading } = faults
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    if (!driver.alive) return promise
    driver.callsInFlight += 1
    let isOpen = true
    const settle = (delayMs: number, end: () => void): void =>
      world.after(delayMs, () =>
        world.inside(driver, () => {
          if (!isOpen) return sightings.see('an answer to a call that was given up')
          isOpen = false
          driver.callsInFlight -= 1
          end()
        }),
      )
    signal.addEventListener('abort', () => {
      if (isOpen) settle(spreading.pick(ABORTED_MS), () => reject(signal.reason))
    })
    world.after(this.#latencyMs() + this.#lateMs(), () => {
      void this.#compute(request).then(
        (answer) => settle(this.#latencyMs() + this.#lateMs(), () => resolve(answer)),
        (error: unknown) => settle(this.#latencyMs(), () => reject(error)),
      )
    })
    return promise
  }

  #compute(request: Sent): Promise<Uint8Array> {
    const { world, faults } = this.#parts
    const { spreading } = faults
    const process = this.#running()
    const { environment, lose } = process
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    lose.add(reject)
    if (faults.changesInput(INPUT_CHANGES))
      for (const bucket of this.#parts.buckets.values()) bucket.changeTaken()
    if (faults.strikesExecutor('deadExecutor', DIES))
      world.after(spreading.between(0, 40), () => environment.end())
    if (faults.strikesExecutor('frozenExecutor', FREEZES))
      environment.frozenUntilMs = world.nowMs + spreading.pick(LATE_MS)
    this.#answer(process, request, (answer) => {
      lose.delete(reject)
      resolve(answer)
    })
    // It comes a second time, and nobody waits for the answer.
    if (faults.strikesExecutor('repeatedTask', IS_REPEATED))
      world.after(spreading.between(0, 3_000), () =>
        this.#answer(process, request, () => undefined),
      )
    return promise
  }

  #answer(process: Process, { text, data }: Sent, answered: (answer: Uint8Array) => void): void {
    const { world } = this.#parts
    const { environment, server } = process
    const request = JSON.parse(text) as ExecutorRequest
    const answer = async (): Promise<Uint8Array> =>
      Uint8Array.from(await (await server).answer(request, data))
    world.inside(environment, () => {
      void answer().then((bytes) =>
        world.inside(environment, () => {
          this.#observe(process, { request, data }, decodeAnswer(bytes))
          answered(bytes)
        }),
      )
    })
  }

  #observe(
    { environment, plan }: Process,
    { request, data }: Pick<AnsweredTask, 'request' | 'data'>,
    answer: TaskAnswer,
  ): void {
    const { world, observer, sightings } = this.#parts
    world.log(() => `${environment.name} ${textOf(answer)}: ${request.node} ${numberOf(request)}`)
    observer.taskAnswered({ environment, plan, request, data, answer })
    if (answer.kind === 'refused') return
    if (answer.kind !== 'moved') sightings.see('a task done by an executor')
    else if (isWindow(request)) sightings.see('a window moved in an executor')
    else sightings.see('a state moved in an executor')
    if (answer.deadLetters.length > 0) sightings.see('a dead letter of an executor')
  }

  /** The process that gets the next task. */
  #running(): Process {
    const { faults, sightings } = this.#parts
    const isGone = this.#process?.environment.alive !== true
    const isForgotten = faults.strikesExecutor('forgetfulExecutor', FORGETS)
    const isForeign = faults.strikesExecutor('foreignExecutor', IS_FOREIGN)
    if (this.#process !== undefined && !isGone && !isForgotten && !isForeign) return this.#process
    if (this.#process !== undefined) sightings.see('an executor that has lost its memory')
    const { deployment } = this.#driver
    return (this.#process = this.#start(isForeign ? this.#foreign(deployment) : deployment))
  }

  /** Another generation, or the same with another plan. Its code gives other results. */
  #foreign(deployment: Deployment): Deployment {
    const { generation } = deployment
    return {
      ...deployment,
      code: deployment.code === 'a' ? 'b' : 'a',
      ...this.#parts.faults.spreading.pick<Partial<Deployment>>([
        { generation: generation - 1 },
        { generation: generation + 1 },
        { change: deployment.change === 'renamed' ? 'none' : 'renamed' },
      ]),
    }
  }

  #start(deployment: Deployment): Process {
    const { world, faults, startServer } = this.#parts
    this.#made += 1
    const name = `executor${this.#number}.${this.#made}of${this.#driver.name}`
    const environment = new Environment(name, deployment)
    const lose: Process['lose'] = new Set()
    environment.ended = () =>
      world.after(faults.spreading.between(1, NOTICED_MS_MAX), () => {
        for (const end of lose) end(lost(name))
      })
    return { environment, lose, ...startServer(environment) }
  }

  #latencyMs(): number {
    return this.#parts.faults.spreading.between(1, LATENCY_MS_MAX)
  }

  #lateMs(): number {
    const { faults } = this.#parts
    return faults.strikesExecutor('lateTask', IS_LATE) ? faults.spreading.pick(LATE_MS) : 0
  }
}

const textOf = (answer: TaskAnswer): string =>
  answer.kind === 'refused' ? `refuses as ${answer.why}` : `has ${answer.kind}`

const lost = (name: string): MillraceError =>
  new MillraceError('EXECUTOR_LOST', { problem: `${name} has ended`, retryable: true })
