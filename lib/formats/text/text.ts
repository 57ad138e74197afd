import { elementLines } from '../element-text.ts'
import type { FileFormat } from '../file-format.ts'

/**
 * Lines of text in UTF-8, as `textFileStream` reads and `saveAsTextFiles` writes them. Blank lines
 * are elements too.
 *
 * @example ssc.fileStream('logs', { format: text(), filter: (path) => path.endsWith('.log') })
 */
export const text = (): FileFormat<string> =>
  Object.freeze({
    name: 'text',
    settings: Object.freeze({}),
    extension: '.txt',
    reading: Object.freeze({
      shape: 'lines',
      skipsBlank: false,
      decode: (line: string): string => line,
    }),
    writing: Object.freeze({ joins: true, encode: elementLines }),
  })
