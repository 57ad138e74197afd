/**
 * Colours, sparingly: what failed, what needs attention, what is well. A stream that is no terminal
 * gets none. NO_COLOR, FORCE_COLOR and NODE_DISABLE_COLORS decide as they do in Node.
 */
import { styleText } from 'node:util'

/** What a text says. */
export type Style = 'bad' | 'warning' | 'good' | 'quiet'

const FORMATS = { bad: 'red', warning: 'yellow', good: 'green', quiet: 'dim' } as const

/** Colours a text for a stream. Line feeds at its end stay outside. */
export const paintFor =
  (stream: object) =>
  (text: string, style: Style | undefined): string => {
    if (style === undefined) return text
    const end = text.endsWith('\n') ? '\n' : ''
    const body = text.slice(0, text.length - end.length)
    return styleText(FORMATS[style], body, { stream: stream as NodeJS.WriteStream }) + end
  }
