import { MillraceError } from '../../base/errors.ts'
import { elementText } from '../../formats/element-text.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { DStream } from '../dstream.ts'
import { outputNode } from '../plan-node.ts'

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

DStream.prototype.print = function (count = 10) {
  if (!Number.isInteger(count) || count < 0)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'print() needs a number of elements',
      value: count,
      allowed: 'a whole number from 0',
    })
  this.emit(
    outputNode('print', this.node, { count }, async (input, batch) => {
      const lines = await linesOf(input, count + 1)
      if (lines.length > count) lines[count] = '...'
      // As Spark prints: an empty line ends the batch.
      const text = [RULER, `Time: ${batch.timeMs} ms`, RULER, ...lines, '', ''].join('\n')
      await batch.write({ place: 'print:' }, [[text]])
    }),
  )
}
