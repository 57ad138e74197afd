/**
 * Colours, sparingly: what failed, what needs attention, what is well. A stream that is no terminal
 * gets none. Texts mean the same without them.
 */
import { styleText } from 'node:util'

/** What a text says. */
export type Style = 'bad' | 'warning' | 'good'

const FORMATS = { bad: 'red', warning: 'yellow', good: 'green' } as const

type Variables = Readonly<Record<string, string | undefined>>

const isSet = (value: string | undefined): value is string => value !== undefined && value !== ''

/**
 * Whether a stream gets colours. NO_COLOR counts before FORCE_COLOR, and one that is empty does not
 * count: https://no-color.org, https://force-color.org. Node has it the other way round.
 */
export const hasColours = (
  { isTTY }: { readonly isTTY?: boolean },
  variables: Variables = process.env,
): boolean => {
  const { NO_COLOR, NODE_DISABLE_COLORS, FORCE_COLOR, TERM } = variables
  if (isSet(NO_COLOR) || isSet(NODE_DISABLE_COLORS)) return false
  if (isSet(FORCE_COLOR)) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return isTTY === true && TERM !== 'dumb'
}

/** Colours a text. */
export type Paint = (text: string, style: Style | undefined) => string

/** Colours texts for a stream, line by line, so that none reaches into the next line. */
export const paintFor = (stream: { readonly isTTY?: boolean }): Paint => {
  if (!hasColours(stream)) return (text) => text
  return (text, style) =>
    style === undefined
      ? text
      : text.replaceAll(/[^\n]+/g, (line) =>
          styleText(FORMATS[style], line, { validateStream: false }),
        )
}
