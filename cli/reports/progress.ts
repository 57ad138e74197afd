/**
 * Shows on a terminal how far a run is: the batch that is being computed, what waits behind it, how
 * fast it goes, and how long it will take. A batch that takes less than a second is not shown.
 */
import type { Clock } from '../../lib/ports/clock.ts'
import type { RuntimeEvent } from '../../lib/runtime/events.ts'
import { bytesText, count, percentText, spanText } from '../../lib/base/amount-text.ts'
import type { StatusLine } from './status-line.ts'

const EVERY_MS = 250
const SHOWN_AFTER_MS = 1_000
const LATE_MS = 1_000
const PERCENT = 100

type Started = Extract<RuntimeEvent, { event: 'batchStarted' }>
type Amount = Pick<Started, 'records' | 'bytes' | 'objects'>

const NOTHING: Amount = { records: 0, bytes: 0, objects: 0 }

/** Follows the events of a run. */
export class Progress {
  readonly #line: StatusLine
  readonly #clock: Clock
  #batch: (Started & { readonly sinceMs: number }) | undefined
  /** What has been done since batches followed one another without a break, and when it began. */
  #done = NOTHING
  #sinceMs: number | undefined

  constructor(line: StatusLine, clock: Clock) {
    this.#line = line
    this.#clock = clock
  }

  /** Shows the line again and again, until the returned function is called. */
  start(): () => void {
    const ended = new AbortController()
    void this.#showUntil(ended.signal)
    return () => {
      ended.abort()
      this.#line.clear()
    }
  }

  async #showUntil(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(EVERY_MS, signal)
      if (signal.aborted) return
      this.show()
    }
  }

  event(event: RuntimeEvent): void {
    if (event.event === 'batchStarted') {
      const nowMs = this.#clock.now()
      this.#sinceMs ??= nowMs
      this.#batch = { ...event, sinceMs: nowMs }
    }
    if (event.event === 'batchFailed' || event.event === 'failed') this.#reset()
    if (event.event !== 'batchCompleted' || this.#batch === undefined) return
    this.#done = {
      records: this.#done.records + event.records,
      bytes: this.#done.bytes + event.bytes,
      objects: this.#done.objects + event.objects,
    }
    // Nothing waits: the next batch is not part of a backlog.
    if (isNothing(this.#batch.behind)) this.#reset()
    else this.#batch = undefined
  }

  #reset(): void {
    this.#batch = undefined
    this.#sinceMs = undefined
    this.#done = NOTHING
  }

  /** Shows the line now, if there is something to say. */
  show(): void {
    const texts = this.#texts()
    if (texts === undefined) this.#line.clear()
    else this.#line.show(texts)
  }

  /** What to show, the longest first. The last one has what is wanted most. */
  #texts(): readonly string[] | undefined {
    if (this.#batch === undefined || this.#sinceMs === undefined) return undefined
    const nowMs = this.#clock.now()
    if (nowMs - this.#sinceMs < SHOWN_AFTER_MS) return undefined
    const { timeMs, behind, sinceMs, delayMs } = this.#batch
    const name = `Batch ${new Date(timeMs).toISOString().slice(11, 19)}`
    const seconds = Math.floor((nowMs - sinceMs) / 1_000)
    const spent = seconds < 1 ? '' : `, ${seconds} s`
    const late = delayMs < LATE_MS ? '' : `, ${spanText(delayMs)} late`
    if (isNothing(behind)) {
      const amount = amountText(this.#batch)
      return [`${name}: ${amount}${spent}${late}`, `${name}${spent}${late}`, `${name}${spent}`]
    }
    const now = amountText({ ...this.#batch, bytes: 0 })
    const [left, rate] = this.#pace(behind, this.#batch, nowMs)
    const full = [...(rate === undefined ? [] : [rate]), ...(left === undefined ? [] : [left])]
    const then = `then ${amountText(behind)}`
    return [
      [`${name}: ${now}${spent}${late}`, then, ...full],
      [`${name}: ${now}${spent}`, then, ...full],
      [`${name}${spent}`, then, ...full],
      [`${name}${spent}`, ...(left === undefined ? [then] : full)],
      [`${name}${spent}`, ...(left === undefined ? [] : [left])],
    ].map((parts) => parts.join('; '))
  }

  /**
   * How much is done and when the rest will be, and how fast the batches before went. Empty: nobody
   * knows yet.
   */
  #pace(behind: Amount, batch: Amount, nowMs: number): readonly [left?: string, rate?: string] {
    const field = this.#done.bytes > 0 ? 'bytes' : 'records'
    const perMs = this.#done[field] / ((this.#batch?.sinceMs ?? nowMs) - (this.#sinceMs ?? nowMs))
    if (!Number.isFinite(perMs) || perMs <= 0) return []
    const spentMs = nowMs - (this.#batch?.sinceMs ?? nowMs)
    const leftMs = Math.max(0, (batch[field] + behind[field]) / perMs - spentMs)
    const rate = Math.round(perMs * 1_000)
    const all = this.#done[field] + batch[field] + behind[field]
    const done = percentText(Math.floor((this.#done[field] / all) * PERCENT) / PERCENT)
    return [
      `${done}, ${leftText(leftMs)} left`,
      field === 'bytes' ? `${bytesText(rate)}/s` : `${count(rate, 'record')}/s`,
    ]
  }
}

const isNothing = ({ records, objects }: Amount): boolean => records === 0 && objects === 0

const amountText = ({ records, bytes, objects }: Amount): string => {
  const parts = [
    ...(objects === 0 ? [] : [count(objects, 'file')]),
    ...(records === 0 ? [] : [count(records, 'record')]),
    ...(bytes === 0 ? [] : [bytesText(bytes)]),
  ]
  return parts.length === 0 ? 'no new records' : parts.join(', ')
}

const leftText = (ms: number): string => {
  const seconds = Math.ceil(ms / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
