import type { ErrorCode } from '../../base/errors.ts'
import { MillraceError } from '../../base/errors.ts'
import type { RuntimeEvent } from '../events.ts'
import type { CaughtOutput } from './capture.ts'

/** A batch that has run again. */
export interface ReplayedBatch {
  readonly timeMs: number
  readonly records: number
  readonly deadLetters: number
  readonly outputs: readonly CaughtOutput[]
  /** What the batch had then and has no more, and other warnings, in words. */
  readonly notes: readonly string[]
}

type Failed = Extract<RuntimeEvent, { readonly event: 'batchFailed' | 'failed' }>

/** What a replay hears of the batch that runs. */
export class Heard {
  #outputs = new Map<string, CaughtOutput>()
  #notes = new Set<string>()
  #records = 0
  #deadLetters = 0
  #failed: Failed | undefined

  readonly caught = (output: CaughtOutput): void => void this.#outputs.set(output.id, output)

  readonly listen = (event: RuntimeEvent): void => {
    if (event.event === 'batchCompleted') {
      this.#records = event.records
      this.#deadLetters = event.deadLetters
    }
    if (event.event === 'batchFailed' || event.event === 'failed') this.#failed = event
    const note = noteOf(event)
    if (note !== undefined) this.#notes.add(note)
  }

  /** A batch begins. */
  begin(notes: readonly string[]): void {
    this.#outputs = new Map()
    this.#notes = new Set(notes)
    this.#failed = undefined
  }

  /** What was heard of the batch that has run. */
  batch(timeMs: number): ReplayedBatch {
    return {
      timeMs,
      records: this.#records,
      deadLetters: this.#deadLetters,
      outputs: [...this.#outputs.values()],
      notes: [...this.#notes],
    }
  }

  /** Why the batch has failed. */
  error(timeMs: number): MillraceError {
    const { code = 'BATCH_FAILED', message = '', thrownAt, declaredAt } = this.#failed ?? {}
    const at = thrownAt ?? declaredAt
    return new MillraceError(code as ErrorCode, {
      problem: `The batch of ${new Date(timeMs).toISOString()} fails when it runs again`,
      ...(at === undefined ? {} : { value: at }),
      fix: 'fix the pipeline, and replay again. The application was not changed',
      cause: new Error(message),
    })
  }
}

const noteOf = (event: RuntimeEvent): string | undefined => {
  switch (event.event) {
    case 'objectSkipped':
      return `${event.object} of ${event.source} is not in it: ${event.reason}`
    case 'dataLost':
      return `${event.records} records of ${event.source} are not in it: ${event.reason}`
    case 'warning':
      return event.message
    default:
      return undefined
  }
}
