import { MillraceError } from '../../base/errors.ts'
import { elementText } from '../../formats/element-text.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { DStream } from '../dstream.ts'
import { outputNode } from '../plan-node.ts'

/**
 * What `print()` shows of a batch.
 *
 * @example const options: PrintOptions = { count: 3, onlyChanges: true }
 */
export interface PrintOptions {
  /** The most elements to print: a whole number from 0. Default 10. */
  readonly count?: number
  /**
   * Whether a batch is left out that would print the same elements as the last one that this
   * process has printed. Default false: every batch is printed, as in Spark.
   */
  readonly onlyChanges?: boolean
}

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Prints the batch time and the first `count` elements of every batch. A last line `...` means
     * that there are more. It runs at least once: a batch that is retried prints again.
     *
     * @param count The most elements to print: a whole number from 0. Default 10.
     * @throws MillraceError `ARGUMENT_INVALID` when `count` is not a whole number from 0.
     * @example counts.print()
     */
    print(count?: number): void

    /**
     * The same under a label, which tells several outputs apart.
     *
     * @param label A text of one line, printed above the batch time.
     * @throws MillraceError `ARGUMENT_INVALID` when the label is empty or has several lines, or
     * `count` is not a whole number from 0.
     * @example totals.print('totals', { count: 3, onlyChanges: true })
     */
    print(label: string, options?: PrintOptions): void
  }
}

/** A record that gives an element without a text is put aside. */
const linesOf = async (input: RDD<unknown>, count: number): Promise<string[]> => {
  const elements = await input.take(count)
  try {
    return elements.map(elementText)
  } catch {
    return (await input.checked(elementText).take(count)).map(elementText)
  }
}

const RULER = '-'.repeat(43)
const COUNT = 10

DStream.prototype.print = function (first: unknown = COUNT, options: PrintOptions = {}) {
  const label = typeof first === 'string' ? checkLabel(first) : undefined
  const count = checkCount(label === undefined ? first : (options.count ?? COUNT))
  const { onlyChanges = false } = options
  let printed: string | undefined
  this.emit(
    outputNode('print', this.node, { count }, async (input, batch) => {
      const lines = await linesOf(input, count + 1)
      if (lines.length > count) lines[count] = '...'
      const shown = lines.join('\n')
      if (onlyChanges && shown === printed) return
      // As Spark prints: an empty line ends the batch.
      const text = [...headOf(batch.timeMs, label), ...lines, '', ''].join('\n')
      await batch.write({ place: 'print:' }, [[text]])
      printed = shown
    }),
  )
}

const headOf = (timeMs: number, label: string | undefined): readonly string[] => [
  RULER,
  ...(label === undefined ? [] : [label]),
  `Time: ${timeMs} ms (${new Date(timeMs).toISOString()})`,
  RULER,
]

const checkCount = (count: unknown): number => {
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0) return count
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'print() needs a number of elements, or a label',
    value: count,
    allowed: 'a whole number from 0, or a text',
    fix: "for example print(20), print('totals') or print('totals', { count: 20 })",
  })
}

const checkLabel = (label: string): string => {
  if (label.trim() !== '' && !/[\r\n]/.test(label)) return label
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'print() needs a label of one line',
    value: label,
    fix: "for example print('totals')",
  })
}
