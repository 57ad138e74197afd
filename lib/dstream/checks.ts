/**
 * Checks of what users hand in: types hold for TypeScript only, and a mistake is cheaper to find
 * while the pipeline is described.
 */
import type { Duration } from '../base/duration.ts'
import { MillraceError } from '../base/errors.ts'
import type { ShuffleOptions } from '../rdd/rdd.ts'

const PARTITIONS_MAX = 1_024

/** The function given to an operation. */
export const checkFunction = <F>(operation: string, f: F): F => {
  if (typeof f === 'function') return f
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a function`,
    value: f,
    fix: `for example ${operation}((element) => ...)`,
  })
}

/** An option with a few choices, or none of them. */
export const checkChoice = <C extends string>(
  operation: string,
  option: string,
  choice: C | undefined,
  choices: readonly C[],
): void => {
  if (choice === undefined || choices.includes(choice)) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() does not know this choice of ${option}`,
    value: choice,
    allowed: choices.map((one) => `'${one}'`).join(' or '),
  })
}

/** The options of an operation that shuffles. */
export const checkShuffle = (options: ShuffleOptions): ShuffleOptions => {
  const { partitions } = options
  if (
    partitions === undefined ||
    (Number.isInteger(partitions) && partitions >= 1 && partitions <= PARTITIONS_MAX)
  )
    return options
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'A shuffle needs at least one partition',
    value: partitions,
    allowed: `a whole number from 1 to ${PARTITIONS_MAX}`,
  })
}

/** The milliseconds of a duration given as an option, so many at least. */
export const checkDurationMs = (option: string, duration: Duration, atLeastMs = 1): number => {
  const lengthMs: unknown = (duration as Duration | null | undefined)?.milliseconds
  if (typeof lengthMs === 'number' && Number.isSafeInteger(lengthMs) && lengthMs >= atLeastMs)
    return lengthMs
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${option} needs a length of time`,
    value: duration,
    allowed: `a duration of ${atLeastMs} ms or more`,
    fix: `for example ${option}: seconds(10)`,
  })
}

/** A text given to an operation; `needs` says what it is there for. */
export const checkText = (operation: string, text: string, needs: string): string => {
  if (typeof text === 'string') return text
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs ${needs}`,
    value: text,
    allowed: 'a string',
  })
}

/** The name of a source. */
export const checkSourceName = (operation: string, name: string): string => {
  if (typeof name === 'string' && name !== '') return name
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a name, to be bound to a stream`,
    value: name,
    fix: `for example ${operation}('clicks')`,
  })
}
