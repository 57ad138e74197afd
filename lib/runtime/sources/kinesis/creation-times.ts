import { MillraceError } from '../../../base/errors.ts'

/**
 * The creation times of streams. They are part of the names of lanes, because a stream that is
 * deleted and created again under the same name may count from the beginning. In the lanes of the
 * old stream, its records would look redelivered, and would be dropped.
 *
 * The time of a stream is read once in a process, and again when records come that are already
 * there. These are nearly always redelivered, but sometimes the stream is a new one.
 */
export class CreationTimes {
  readonly #ask: (streamArn: string) => Promise<number>
  readonly #known = new Map<string, number>()

  constructor(ask: (streamArn: string) => Promise<number>) {
    this.#ask = ask
  }

  /** The creation times of streams, by ARN. */
  async of(streamArns: readonly string[]): Promise<ReadonlyMap<string, number>> {
    for (const arn of streamArns)
      if (!this.#known.has(arn)) this.#known.set(arn, await this.#ask(arn))
    return this.#known
  }

  /**
   * Throws `STREAM_REPLACED`, retryable, if one of the streams was replaced. In the lanes of the
   * new stream, none of its records are dropped.
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
    problem: 'The stream was deleted and created again while it was read',
    value: streamArn,
    fix: 'nothing to do: its records come again, and count as records of a new stream',
    retryable: true,
  })
