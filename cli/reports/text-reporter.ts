import type { RuntimeEvent } from '../../lib/runtime/events.ts'
import { count } from './answer.ts'
import type { Ended, Outputs, Reporter, RunningSource, Started } from './reporter.ts'

/** So many dead letters of a batch are told one by one. */
const DEAD_LETTERS_TOLD = 5

/**
 * For people: batches and what goes on to the standard output, what is wrong to the standard error.
 */
export const textReporter = (outputs: Outputs): Reporter => new TextReporter(outputs)

class TextReporter implements Reporter {
  readonly #outputs: Outputs
  #run: Started | undefined
  #deadLetters = 0
  #inFlight = false
  #lastFailure = ''

  constructor(outputs: Outputs) {
    this.#outputs = outputs
  }

  showStart(run: Started): void {
    this.#run = run
    this.#say(
      `${run.app}: ` +
        `${run.once ? 'everything there is, once' : `a batch every ${durationText(run.intervalMs)}`}; ` +
        `state in ${run.state}`,
    )
    for (const { name, what } of run.sources) this.#say(`  ${name}: ${what}`)
  }

  print(text: string): void {
    this.#outputs.out.print(text)
  }

  stopping(): void {
    if (this.#inFlight)
      this.#say('Stopping after the batch in flight; press Ctrl-C again to stop at once.')
  }

  showEnd(end: Ended): void {
    const done =
      `${count(end.batches, 'batch', 'batches')}, ${count(end.records, 'record')}, ` +
      `${count(end.deadLetters, 'dead letter')}`
    const state = this.#run?.state
    if (end.error !== undefined && end.error.message !== this.#lastFailure)
      this.#complain(end.error.message)
    if (end.how === 'stopped')
      this.#say(`Stopped after ${done}. Run it again, and it goes on from ${state}.`)
    if (end.how === 'done') this.#say(end.batches === 0 ? this.#nothingNew() : `Done: ${done}.`)
    if (end.how !== 'failed') return
    const again =
      end.final === true
        ? `The pipeline stands still: millrace resume --state ${state} lets the next run try ` +
          'the batch again'
        : 'The batch is kept, and the next run tries it again'
    this.#complain(`${again}; millrace skip --state ${state} gives it up.`)
  }

  event(event: RuntimeEvent): void {
    switch (event.event) {
      case 'batchStarted':
        this.#inFlight = true
        return
      case 'batchCompleted':
        this.#inFlight = false
        this.#tellMoreDeadLetters(event.deadLetters)
        this.#lastFailure = ''
        return
      case 'batchFailed':
        this.#inFlight = false
        return this.#tellFailure(event)
      case 'deadLetter':
        return this.#tellDeadLetter(event)
      case 'objectSkipped':
        return this.#complain(
          `Left out ${event.object} of ${this.#name(event.source)}: ${event.reason}`,
        )
      case 'adopted':
        return this.#say('The pipeline is another one than in the last run; its state goes on.')
      case 'waiting':
        return this.#run?.sources.forEach((source) => this.#say(waitingText(source)))
      case 'receiver':
        return this.#complain(event.message)
      case 'warning':
        return this.#complain(event.message)
      default:
    }
  }

  #nothingNew(): string {
    return (
      `Done: nothing new since the last run. What was counted is kept in ${this.#run?.state}; ` +
      `millrace reset --state ${this.#run?.state} --yes begins anew.`
    )
  }

  #tellFailure({
    timeMs,
    attempt,
    message,
    retryMs,
  }: Extract<RuntimeEvent, { event: 'batchFailed' }>): void {
    // With `once` it is not tried again, and the end of the run says why.
    if (this.#run?.once === true) return
    const next = `tried again at ${new Date(retryMs).toISOString()}`
    if (message === this.#lastFailure)
      this.#complain(
        `The batch at ${timeMs} ms has failed in the same way again, attempt ${attempt}; ${next}`,
      )
    else
      this.#complain(
        `The batch at ${timeMs} ms has failed, attempt ${attempt}; it is kept, and ${next}\n` +
          `${message}`,
      )
    this.#lastFailure = message
  }

  #tellDeadLetter({
    source,
    position,
    code,
    message,
  }: Extract<RuntimeEvent, { event: 'deadLetter' }>): void {
    this.#deadLetters += 1
    if (this.#deadLetters <= DEAD_LETTERS_TOLD)
      this.#complain(`Dead letter: ${this.#name(source)} ${position}: ${message} [${code}]`)
  }

  #tellMoreDeadLetters(inBatch: number): void {
    const more = Math.max(this.#deadLetters, inBatch) - DEAD_LETTERS_TOLD
    this.#deadLetters = 0
    if (more > 0)
      this.#complain(
        `... and ${count(more, 'more dead letter')}; millrace status --state ` +
          `${this.#run?.state} counts them`,
      )
  }

  #name(source: string): string {
    return this.#run?.sources.find(({ id }) => id === source)?.name ?? source
  }

  #say(text: string): void {
    this.#outputs.out.print(`${text}\n`)
  }

  #complain(text: string): void {
    this.#outputs.err.print(`${text}\n`)
  }
}

const waitingText = ({ what, howToFeed }: RunningSource): string =>
  howToFeed === undefined ? `Waiting for ${what}.` : `Waiting for ${what}: ${howToFeed}`

/** A length of time in words: `1 s`, `250 ms`. */
export const durationText = (durationMs: number): string =>
  durationMs % 1_000 === 0 ? `${durationMs / 1_000} s` : `${durationMs} ms`
