import { MillraceError } from '../../../base/errors.ts'

/**
 * When streams were created. It is part of the names of their lanes, since a stream that is deleted
 * and made again under its name may count from the beginning: in the lanes of the old one its
 * records would be taken for redelivered ones, and dropped.
 *
 * A stream is asked for once in a process, and again when records come that are there already:
 * nearly always they are repeated, and now and then the stream is another one by now.
 */
export class CreationTimes {
  readonly #ask: (streamArn: string) => Promise<number>
  readonly #known = new Map<string, number>()

  constructor(ask: (streamArn: string) => Promise<number>) {
    this.#ask = ask
  }

  /** Of these streams, by their ARNs. */
  async of(streamArns: readonly string[]): Promise<ReadonlyMap<string, number>> {
    for (const arn of streamArns)
      if (!this.#known.has(arn)) this.#known.set(arn, await this.#ask(arn))
    return this.#known
  }

  /**
   * Throws `STREAM_REPLACED`, retryable, if one of them is another one by now: under its new name
   * nothing of it is dropped.
   */
  async check(streamArns: readonly string[]): Promise<void> {
    for (const arn of streamArns) {
      const [before, now] = [this.#known.get(arn), await this.#ask(arn)]
      this.#known.set(arn, now)
      if (before !== now) throw replacedError(arn)
    }
  }
}

const replacedError = (streamArn: string): MillraceError =>
  new MillraceError('STREAM_REPLACED', {
    problem: 'The stream was deleted and made again while it was read',
    value: streamArn,
    fix: 'nothing: its records come again, and are taken as those of a new stream',
    retryable: true,
  })
