/** The calls of executors, as a gate before the driver sees them. */
import { decodeAnswer } from '../../../lib/runtime/tasks/task-request.ts'
import type { Answer, Call, Gate, Matcher } from '../deployed/gate.ts'

/** What became of a call. */
export type Outcome =
  /** A task was computed, and its result is in the answer. */
  | 'done'
  /** A partition of a state was moved on, and its result is in the answer. */
  | 'moved'
  /** The result of either is in the bucket. */
  | 'large'
  /** The executor refused: it has other code, or cannot send the result. */
  | 'refused'
  /** The function still ran a task that was given up. */
  | 'busy'
  /** The function ended before its answer. */
  | 'lost'

/** How many calls of an executor had each outcome. */
export type Outcomes = Record<Outcome, number>

const NONE: Readonly<Outcomes> = { done: 0, moved: 0, large: 0, refused: 0, busy: 0, lost: 0 }

/** Calls of functions. */
export const isInvocation: Matcher = ({ path }) => path.endsWith('/invocations')

const THROTTLED = 429

const outcomeOf = ({ status, body }: Answer): Outcome => {
  if (status === THROTTLED) return 'busy'
  if (status !== 200) return 'lost'
  const { bytes, blob } = JSON.parse(body.toString()) as {
    readonly bytes?: string
    readonly blob?: string
  }
  if (blob !== undefined) return 'large'
  if (bytes === undefined) return 'lost'
  return decodeAnswer(Buffer.from(bytes, 'base64')).kind
}

/** See the head of this file. */
export class ExecutorCalls {
  readonly #names: readonly string[]
  #outcomes: Readonly<Outcomes>[] = []
  /** Called with the number of an executor when it is called. */
  onCall: (executor: number) => void = () => undefined

  constructor(gate: Gate, names: readonly string[]) {
    this.#names = names
    this.reset()
    gate.hear(isInvocation, {
      asked: (call) => this.onCall(this.#executorOf(call)),
      answered: (call, answer) => this.#count(this.#executorOf(call), outcomeOf(answer)),
    })
  }

  /** Forgets what was counted. */
  reset(): void {
    this.#outcomes = this.#names.map(() => NONE)
  }

  /** What was counted since, by executor. */
  get byExecutor(): readonly Readonly<Outcomes>[] {
    return this.#outcomes
  }

  /** The same of all together. */
  get total(): Readonly<Outcomes> {
    const sum = { ...NONE }
    for (const one of this.#outcomes)
      for (const outcome of Object.keys(sum) as Outcome[]) sum[outcome] += one[outcome]
    return sum
  }

  #executorOf({ path }: Call): number {
    return this.#names.findIndex((name) => decodeURIComponent(path).includes(`/${name}/`))
  }

  #count(executor: number, outcome: Outcome): void {
    const before = this.#outcomes[executor] ?? NONE
    this.#outcomes[executor] = { ...before, [outcome]: before[outcome] + 1 }
  }
}
