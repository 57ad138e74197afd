import type { Printer } from '../ports/printer.ts'
import type { OpenBatch, Sink } from '../ports/sink.ts'

/**
 * A {@link Sink} of text that prints a whole batch when it is finished. It checks no fence: printed
 * text cannot be removed, so each batch is printed at least once.
 */
export const printSink = (printer: Printer): Sink<string> => ({
  description: 'the terminal',
  isFenced: false,
  async open(): Promise<OpenBatch<string>> {
    const texts: string[] = []
    return {
      async write(partition, content): Promise<void> {
        texts[partition] = content
      },
      async finish(): Promise<undefined> {
        printer.print(texts.join(''))
        // A batch is not true before its text is out.
        await printer.flushed?.()
      },
      async abandon(): Promise<void> {
        texts.length = 0
      },
    }
  },
})
