import { systemClock } from '../../lib/adapters/local/system-clock.ts'
import { oneLine } from '../../lib/base/printable.ts'
import type { RuntimeEvent } from '../../lib/runtime/events.ts'
import { findingText } from '../../lib/runtime/operations/doctor/finding.ts'
import { fallingFinding } from '../../lib/runtime/operations/doctor/pace.ts'
import type { WaitingKeys } from '../../lib/runtime/driver/to-the-end.ts'
import { withShownPaths } from '../../lib/tools/shown-paths.ts'
import { EXIT } from '../exit-codes.ts'
import { count } from '../../lib/base/amount-text.ts'
import { printError } from './answer.ts'
import { Progress } from './progress.ts'
import type { Ended, Outputs, Reporter, RunningSource, Started } from './reporter.ts'

/** This many dead letters of a batch are shown one by one. */
const DEAD_LETTERS_TOLD = 5

/**
 * Reports a run as text for the user: batches and progress on the standard output, problems on the
 * standard error.
 */
export const textReporter = (outputs: Outputs): Reporter => new TextReporter(outputs)

class TextReporter implements Reporter {
  readonly #outputs: Outputs
  #run: Started | undefined
  #deadLetters = 0
  #inFlight = false
  #lastFailure = ''
  readonly #progress: Progress | undefined
  #endProgress: (() => void) | undefined

  constructor(outputs: Outputs) {
    this.#outputs = outputs
    this.#progress = outputs.status && new Progress(outputs.status, systemClock())
  }

  showStart(run: Started): void {
    this.#run = run
    if (run.page !== undefined) this.#say(`Page of this run: ${run.page}`)
    this.#say(`${run.app}: ${howOften(run)}; state in ${run.state}`)
    for (const { name, what } of run.sources) this.#say(`  ${name}: ${what}`)
    this.#endProgress = this.#progress?.start()
  }

  print(text: string): void {
    this.#outputs.records.print(text)
  }

  async flushed(): Promise<void> {
    await this.#outputs.records.flushed?.()
  }

  stopping(): void {
    if (this.#inFlight)
      this.#say('Stopping after the current batch. Press Ctrl-C again to stop at once.')
  }

  showEnd(end: Ended): void {
    this.#endProgress?.()
    const done =
      `${count(end.batches, 'batch', 'batches')}, ${count(end.records, 'record')}, ` +
      `${count(end.deadLetters, 'dead letter')}`
    const state = this.#run?.state
    if (end.error !== undefined && end.error.message !== this.#lastFailure)
      this.#fail(indented(end.error.message))
    if (end.how === 'stopped')
      this.#say(`Stopped after ${done}. The next run continues from ${state}.`)
    if (end.how === 'done') this.#say(end.batches === 0 ? this.#nothingNew() : `Done: ${done}.`)
    if (end.exitCode === EXIT.allPutAside)
      this.#complain(
        'Every record was put aside, and nothing was counted. ' +
          `To see why: millrace dead-letters --state ${state}`,
      )
    else if (end.deadLetters > 0)
      this.#say(`To see the dead letters: millrace dead-letters --state ${state}`)
    if (end.waiting !== undefined) this.#say(waitingKeysText(end.waiting))
    if (end.how !== 'failed') return
    const again =
      end.final === true
        ? 'The pipeline has stopped. To try the batch again in the next run: ' +
          `millrace resume --state ${state}`
        : 'The store keeps the batch, and the next run tries it again'
    this.#complain(`${again}. To skip the batch: millrace skip --state ${state}`)
  }

  event(event: RuntimeEvent): void {
    this.#progress?.event(event)
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
          `Skipped the file ${oneLine(event.object)} of ${this.#name(event.source)}: ` +
            event.reason,
        )
      case 'leftOut':
        return this.#complain(leftOutText(this.#name(event.source), event))
      case 'adopted':
        this.#say('The pipeline has changed since the last run. It keeps its state.')
        return event.carriedOver.forEach((text) => this.#say(`Stored anew: ${text}.`))
      case 'waiting':
        return this.#run?.sources.forEach((source) => this.#say(waitingText(source)))
      case 'due':
        return this.#say(
          `The next batch is at ${new Date(event.atMs).toISOString()}, ` +
            `in ${durationText(Math.ceil(event.inMs / 1_000) * 1_000)}.`,
        )
      case 'fallingBehind':
        return this.#complain(findingText(fallingFinding(event)))
      case 'throttled':
        return this.#complain(
          `The output ${event.place} asked too much of its service: it refused ` +
            `${count(event.count, 'item or message', 'items or messages')} for a moment.`,
        )
      case 'receiver':
        return this.#complain(indented(event.message))
      case 'warning':
        return this.#complain(indented(event.message))
      default:
    }
  }

  #nothingNew(): string {
    if (this.#run?.isFirst === true) {
      const sources = this.#run.sources.map(({ name, what }) => `${name} (${what})`)
      return `Done: there was nothing to process. No record came from ${sources.join(', ')}.`
    }
    return (
      `Done: nothing new since the last run. The totals are kept in ${this.#run?.state}. ` +
      `To start from nothing: millrace reset --state ${this.#run?.state} --yes`
    )
  }

  #tellFailure({
    timeMs,
    attempt,
    message,
    retryMs,
  }: Extract<RuntimeEvent, { event: 'batchFailed' }>): void {
    // With --once the batch is not tried again, and the end of the run shows the error.
    if (this.#run?.once === true) return
    const next = `next attempt at ${new Date(retryMs).toISOString()}`
    if (message === this.#lastFailure)
      this.#fail(
        `The batch ${timesText(timeMs)} failed again with the same error, attempt ${attempt}; ` +
          next,
      )
    else
      this.#fail(
        `The batch ${timesText(timeMs)} failed, attempt ${attempt}; ${next}\n` + indented(message),
      )
    this.#lastFailure = message
  }

  #tellDeadLetter({
    source,
    position,
    code,
    message,
    operator,
    thrownAt,
  }: Extract<RuntimeEvent, { event: 'deadLetter' }>): void {
    this.#deadLetters += 1
    if (this.#deadLetters <= DEAD_LETTERS_TOLD)
      this.#complain(
        `Dead letter: ${this.#name(source)} ${oneLine(position)}: ${indented(message)} [${code}]` +
          placeText(operator, thrownAt),
      )
  }

  #tellMoreDeadLetters(inBatch: number): void {
    const more = Math.max(this.#deadLetters, inBatch) - DEAD_LETTERS_TOLD
    this.#deadLetters = 0
    if (more > 0)
      this.#complain(
        `... and ${count(more, 'more dead letter')}. To count them: ` +
          `millrace status --state ${this.#run?.state}`,
      )
  }

  #name(source: string): string {
    return oneLine(this.#run?.sources.find(({ id }) => id === source)?.name ?? source)
  }

  #say(text: string): void {
    this.#outputs.out.print(`${text}\n`)
  }

  #fail(text: string): void {
    printError(this.#outputs.err, withShownPaths(text))
  }

  #complain(text: string): void {
    this.#outputs.err.print(`${withShownPaths(text)}\n`)
  }
}

/**
 * A message whose further lines are all indented, so that none of them looks like a line of ours.
 */
const indented = (message: string): string => message.replace(/\n(?! {2})/g, '\n  ')

const waitingKeysText = ({ keys, outputs, firstMs }: WaitingKeys): string => {
  const verb = (number: number): string => (number === 1 ? 'waits' : 'wait')
  const waiting = [
    ...(keys > 0 || outputs === 0
      ? [`${count(keys, 'key')} still ${verb(keys)} for a time-out or a timer`]
      : []),
    ...(outputs > 0
      ? [`${count(outputs, 'output')} still ${verb(outputs)} for the end of a period`]
      : []),
  ]
  return (
    `${waiting.join(', and ')}, the first until ${new Date(firstMs).toISOString()}. ` +
    'To let the time pass: run without --no-until-idle'
  )
}

type LeftOutEvent = Extract<RuntimeEvent, { event: 'leftOut' }>

const leftOutText = (name: string, { reason, count: number, first }: LeftOutEvent): string => {
  const [why, whatToDo] = leftOutReasons[reason]
  const names = `${oneLine(first)}${number > 1 ? ', ...' : ''}`
  return `${name}: ${count(number, 'file')} left out, ${why} (${names})${whatToDo}`
}

const leftOutReasons: Readonly<Record<LeftOutEvent['reason'], readonly [string, string]>> = {
  beforeStart: [
    'older than the first start',
    ". To read such files, give the source existing: 'all', and use a new --state",
  ],
  tooOld: [
    'older than the last batches when it came',
    '. To have such a file read, give it the time of now: touch it',
  ],
  future: ['with a time in the future', '. Files are read when their time has come'],
  moving: ['still being written', '. The next run reads it. Move files in when they are complete'],
  filtered: ['refused by the filter of the source', ''],
  renamed: ['read before under another name', ''],
}

const howOften = ({ once, intervalMs }: Started): string =>
  once ? 'everything there is, once' : `a batch every ${durationText(intervalMs)}`

const waitingText = ({ what, howToFeed }: RunningSource): string =>
  howToFeed === undefined ? `Waiting for ${what}.` : `Waiting for ${what}: ${howToFeed}`

/** A batch time for people and for programs. */
const timesText = (timeMs: number): string => `at ${timeMs} ms (${new Date(timeMs).toISOString()})`

/** A duration as text: `1 s`, `250 ms`. */
export const durationText = (durationMs: number): string =>
  durationMs % 1_000 === 0 ? `${durationMs / 1_000} s` : `${durationMs} ms`

/** Where a function threw, in a line of its own. */
const placeText = (operator: string | undefined, thrownAt: string | undefined): string => {
  const parts = [
    ...(thrownAt === undefined ? [] : [`at ${thrownAt}`]),
    ...(operator === undefined ? [] : [`in ${operator}`]),
  ]
  return parts.length === 0 ? '' : `\n  ${parts.join(', ')}`
}
