import { MillraceError } from '../../base/errors.ts'
import { elementText } from '../../formats/element-text.ts'
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
      const elements = await input.take(count + 1)
      const lines = elements.slice(0, count).map(elementText)
      if (elements.length > count) lines.push('...')
      // As Spark prints: an empty line ends the batch.
      const text = [RULER, `Time: ${batch.timeMs} ms`, RULER, ...lines, '', ''].join('\n')
      await batch.write({ place: 'print:' }, [[text]])
    }),
  )
}
