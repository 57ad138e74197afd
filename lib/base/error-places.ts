/**
 * Where in a user's module something was thrown or declared. The stack of an error tells it: the
 * first frame that is not of Node, of Millrace or of a package. Where source maps are enabled (the
 * command line and the functions enable them), it is the line that the user wrote.
 */

import { causeOf, errorText } from './error-text.ts'

/** Frames of a stack that are kept, and the most characters of one. */
const FRAMES_MAX = 5
const FRAME_CHARACTERS_MAX = 300
/** A stack is a text that anyone may set. */
const STACK_CHARACTERS_MAX = 20_000
/** What stands before the message in a stack. */
const NAME_CHARACTERS_MAX = 200

/** A frame: `    at f (file:///x/words.ts:5:40)`, or without the name and the brackets. */
const FRAME = /^\s+at (?:(.+?) \()?(?:async )?(.+?:\d+:\d+)\)?$/

interface Frame {
  readonly name: string | undefined
  /** Path, line and column. */
  readonly place: string
}

/**
 * The place where an error was made, in the user's module: `/x/words.ts:5:40`. Undefined: no line
 * of a user is in its stack. Never throws.
 */
export const placeOf = (thrown: unknown): string | undefined => userFrames(thrown)[0]?.place

/** What was thrown, in words, and where in the user's module. Never throws. */
export const thrownText = (thrown: unknown): string => {
  const text = errorText(thrown)
  const places = [placeOf(thrown), ...causesOf(thrown).map(placeOf)]
  const lines = places.flatMap((place, depth) =>
    place === undefined || text.includes(place)
      ? []
      : [`${depth === 0 ? '' : 'caused '}at ${place}`],
  )
  return [text, ...new Set(lines)].join('\n')
}

const CAUSES_MAX = 3

const causesOf = (thrown: unknown): readonly unknown[] => {
  const causes: unknown[] = []
  for (let one = causeOf(thrown); one !== undefined; one = causeOf(one)) {
    if (causes.length >= CAUSES_MAX || one === thrown || causes.includes(one)) break
    causes.push(one)
  }
  return causes
}

/** The frames of a stack in modules of users, cut: for people who look for the cause. */
export const stackOf = (thrown: unknown): string | undefined => {
  const lines = userFrames(thrown).map(({ name, place }) =>
    `at ${name === undefined ? place : `${name} (${place})`}`.slice(0, FRAME_CHARACTERS_MAX),
  )
  return lines.length === 0 ? undefined : lines.join('\n')
}

/** The place in the first line of what {@link stackOf} gives. */
export const firstPlaceIn = (stack: string): string | undefined =>
  /^at (?:.* \()?(.+?)\)?$/m.exec(stack)?.[1]

/**
 * Remembers a call, at little cost: the text of the stack is made when it is first asked for, and
 * only then.
 */
export const callSite = (): (() => string | undefined) => {
  let error: Error | undefined = new Error('a call')
  let place: string | undefined
  return () => {
    if (error !== undefined) place = placeOf(error)
    error = undefined
    return place
  }
}

const userFrames = (thrown: unknown): readonly Frame[] => {
  const frames = framesOf(thrown).filter(({ place }) => !isOwnPlace(place))
  const own = frames.filter(({ place }) => !place.includes('/node_modules/'))
  return (own.length > 0 ? own : frames).slice(0, FRAMES_MAX)
}

const framesOf = (thrown: unknown): readonly Frame[] => {
  const stack = textOf(thrown)
  return stack.split('\n').flatMap((line): readonly Frame[] => {
    const [, name, place = ''] = FRAME.exec(line) ?? []
    return place === '' || place.startsWith('node:') ? [] : [{ name, place: pathIn(place) }]
  })
}

/** Users may throw anything, with getters that throw. */
const textOf = (thrown: unknown): string => {
  try {
    const { stack, message } = thrown as { readonly stack?: unknown; readonly message?: unknown }
    if (typeof stack !== 'string') return ''
    // The message comes first. It may be long, and may hold what looks like a frame.
    const from = typeof message === 'string' && message !== '' ? stack.indexOf(message) : -1
    const isFirst = from >= 0 && from <= NAME_CHARACTERS_MAX
    const frames = isFirst ? stack.slice(from + (message as string).length) : stack
    return frames.slice(0, STACK_CHARACTERS_MAX)
  } catch {
    return ''
  }
}

const pathIn = (place: string): string => {
  if (!place.startsWith('file://')) return place
  try {
    return decodeURIComponent(new URL(place).pathname)
  } catch {
    return place
  }
}

let root: string | undefined

const OWN_FOLDERS = ['lib/', 'cli/', 'functions/', 'infra/']

/**
 * Whether a frame is of Millrace. Its folders are beside the one of this file, which its own stack
 * shows: also in a bundle, where all files are one and only source maps tell them apart.
 */
export const isOwnPlace = (place: string): boolean => {
  root ??= ownRoot()
  if (root === '' || !place.startsWith(root)) return false
  return OWN_FOLDERS.some((folder) => place.startsWith(folder, root?.length))
}

/** Empty: not known. */
const ownRoot = (): string => {
  const [here] = framesOf(new Error('here'))
  return /^(.*\/)lib\/base\/error-places\.[jt]s:/.exec(here?.place ?? '')?.[1] ?? ''
}
