import type { MillraceError } from '../../base/errors.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'

/** The content of an output operation, or of a watched stream, in one batch. */
export interface TestBatch<T = unknown> {
  /** The batch time, epoch milliseconds. */
  readonly timeMs: number
  /**
   * All elements, partition by partition; undefined where the stream had no RDD at this time,
   * which is not the same as an empty one.
   */
  readonly elements: readonly T[] | undefined
  /** The same by partition. */
  readonly partitions: readonly (readonly T[])[] | undefined
  /** The text that `print` wrote. */
  readonly printed: string
  /** The texts that were saved, by path, without `_SUCCESS`. */
  readonly files: Readonly<Record<string, string>>
  /** Which attempt at the batch this is: more than 1 when earlier ones have failed. */
  readonly attempt: number
}

/** One run of an output operation: a batch that is tried again runs its outputs again. */
export interface TestRun<T = unknown> extends TestBatch<T> {
  /** The error of the output. */
  readonly error: MillraceError | undefined
}

/** An attempt at a batch that failed. */
export interface TestFailure {
  readonly timeMs: number
  readonly attempt: number
  readonly error: MillraceError
  /**
   * When it is tried again, epoch milliseconds; undefined when the application has stopped as
   * FAILED.
   */
  readonly retryMs: number | undefined
}

/** A record that was put aside. */
export interface TestDeadLetter {
  /** The id of the source node. */
  readonly source: string
  /** The lane or file, and the position in it. */
  readonly position: string
  /** The operator whose function threw; undefined when the record could not even be read. */
  readonly operator: string | undefined
  readonly code: string
  readonly message: string
  /** Its bytes as UTF-8 text. */
  readonly text: string
}

/** A stored dead letter, as tests read it. */
export const deadLetterOf = ({
  source,
  position,
  operator,
  code,
  message,
  data,
}: DeadLetter): TestDeadLetter => ({
  source,
  position,
  operator,
  code,
  message,
  text: Buffer.from(data).toString('utf8'),
})

/**
 * The batches of an output operation, or of a watched stream, so far.
 *
 * @example
 * ```ts
 * const app = await testStream(pipeline)
 * app.input('clicks').add('a b', 'a')
 * await app.advance(seconds(10))
 * console.log(app.output('print-1').elements)
 * ```
 */
export class TestOutput<T = unknown> {
  /** Every run in order, including those of failed attempts. */
  readonly runs: TestRun<T>[] = []
  /**
   * Committed batches in order, each once. Batch times that were skipped while the pipeline rested
   * are not among them.
   */
  readonly batches: TestBatch<T>[] = []

  /** The elements of each committed batch; undefined where there was no RDD. */
  get elements(): readonly (readonly T[] | undefined)[] {
    return this.batches.map(({ elements }) => elements)
  }

  /** All that `print` has written in committed batches. */
  get printed(): string {
    return this.batches.map(({ printed }) => printed).join('')
  }

  /** @internal The batch is committed. */
  commit(timeMs: number, attempt: number): void {
    const run = this.runs.findLast((one) => one.timeMs === timeMs)
    const none = {
      timeMs,
      elements: undefined,
      partitions: undefined,
      printed: '',
      files: {},
      attempt,
    }
    const { error: _error, ...batch } = run ?? { ...none, error: undefined }
    this.batches.push(batch)
  }
}
