import { encode } from '../../../base/codec.ts'
import type { BatchInput } from '../../../runtime/driver/batch-input.ts'
import type { RuntimeEvent } from '../../../runtime/events.ts'
import {
  type ExecutorRequest,
  isStateRequest,
  numberOf,
  type TaskAnswer,
} from '../../../runtime/tasks/task-request.ts'
import type { Environment } from '../environment.ts'
import type { AnsweredTask } from '../ports/observer.ts'
import type { Truth } from '../truth.ts'
import { isFiles, isLanes, lanesOf } from './inputs.ts'
import type { Mirror } from './mirror.ts'
import type { Violations } from './violations.ts'

/**
 * Checks the tasks of executors: who computes one, and that nothing of it counts but once. What a
 * task gives is checked with the outputs and states that are made of it.
 */
export class TaskChecker {
  readonly #mirror: Mirror
  readonly #truth: Truth
  readonly #violations: Violations
  /** The number of records in each committed batch. */
  readonly #records = new Map<number, number>()
  /** What each task has given. */
  readonly #given = new Map<string, string>()

  constructor(mirror: Mirror, truth: Truth, violations: Violations) {
    this.#mirror = mirror
    this.#truth = truth
    this.#violations = violations
  }

  /** An executor answers. What it gives must be of its own plan, and of the input it was given. */
  answered({ environment: { name, generation }, plan, request, data, answer }: AnsweredTask): void {
    if (answer.kind === 'refused') return
    this.#violations.expect(
      'tasks',
      generation === request.generation && plan === request.plan,
      () => `${name} has generation ${generation}, and computes a task of ${request.generation}`,
    )
    this.#checkSame(request, answer, data)
    if (isStateRequest(request)) return
    const input = this.#mirror.input(request.input)
    for (const { source, position } of input === undefined ? [] : answer.deadLetters)
      this.#violations.expect(
        'tasks',
        isIn(input as BatchInput, source, position),
        () => `${name} puts ${position} of ${source} aside, which is not in its batch`,
      )
  }

  /** B3: a task gives the same in each process with the same code, whichever attempt asks. */
  #checkSame(task: ExecutorRequest, answer: TaskAnswer, data: Uint8Array | undefined): void {
    const sent = data && Buffer.from(data).toString('base64')
    const key = JSON.stringify({ ...task, epoch: 0, attemptId: '', sent })
    const compared = isWrite(task) ? { ...answer, data: {} } : withoutSegments(answer)
    const given = Buffer.from(encode(compared)).toString('base64')
    this.#violations.expect(
      'B3',
      (this.#given.get(key) ?? given) === given,
      () => `the task ${numberOf(task)} of ${task.node} at ${task.timeMs} gives two results`,
    )
    this.#given.set(key, given)
  }

  /** Something is stored or written. */
  wrote({ name }: Environment, what: string): void {
    this.#violations.expect('tasks', !name.startsWith('executor'), () => `${name} writes ${what}`)
  }

  committed(input: BatchInput): void {
    const lines = Object.values(this.#truth.linesOf(input))
      .flat()
      .map(({ line }) => line)
    // An object may have lines that are no text. They are not among the lines of the truth.
    if (Object.values(input.sources).every((one) => isLanes(one) || isFiles(one)))
      this.#records.set(input.timeMs, lines.length)
  }

  /** An event that a process reports. */
  heard(event: RuntimeEvent): void {
    if (event.event !== 'batchCompleted') return
    const records = this.#records.get(event.timeMs) ?? event.records
    this.#violations.expect(
      'tasks',
      records === event.records,
      () => `the batch at ${event.timeMs} has ${records} records, and ${event.records} are counted`,
    )
  }
}

/** A task that writes. What it has written is compared where it is written. */
const isWrite = (request: ExecutorRequest): boolean =>
  !isStateRequest(request) && request.side === 'write'

/** Their names have the attempt, and when they are merged depends on the process. */
const withoutSegments = (answer: TaskAnswer): object => {
  if (answer.kind !== 'moved') return answer
  const { made, ...rest } = answer
  return { ...rest, areQuiet: made.map(({ isQuiet }) => isQuiet) }
}

/** Whether a batch takes a record of a lane. What is in no lane is not looked at. */
const isIn = ({ sources }: BatchInput, source: string, place: string): boolean => {
  const input = sources[source]
  if (input === undefined) return false
  const [lane = '', position = ''] = place.split('#')
  const taken = lanesOf(input).filter((one) => one.lane === lane)
  if (taken.length === 0) return !isLanes(input)
  return taken
    .flatMap(({ entries }) => entries.flatMap(({ blocks }) => blocks))
    .some(({ first, at }) => BigInt(first) <= BigInt(position) && BigInt(position) <= BigInt(at))
}
