/**
 * Checks of the arguments that users pass. Types protect only TypeScript code, and a mistake is
 * easiest to find while the pipeline is described.
 */
import type { Duration } from '../base/duration.ts'
import { MillraceError } from '../base/errors.ts'
import { refuseAsync } from '../base/promises.ts'
import type { ShuffleOptions } from '../rdd/rdd.ts'

const PARTITIONS_MAX = 1_024

/** Checks that an operation got a function that is not async, and returns it. */
export const checkFunction = <F>(operation: string, f: F): F => {
  refuseAsync(operation, f)
  return checkAnyFunction(operation, f)
}

/** Checks that an operation that waits for promises got a function, and returns it. */
export const checkAnyFunction = <F>(operation: string, f: F): F => {
  if (typeof f === 'function') return f
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a function`,
    value: f,
    fix: `for example ${operation}((element) => ...)`,
  })
}

/** Checks an option that has a few allowed values, or is left out. */
export const checkChoice = <C extends string>(
  operation: string,
  option: string,
  choice: C | undefined,
  choices: readonly C[],
): void => {
  if (choice === undefined || choices.includes(choice)) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() does not allow this value of ${option}`,
    value: choice,
    allowed: choices.map((one) => `'${one}'`).join(' or '),
  })
}

/** Checks the options of an operation that shuffles, and returns them. */
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

/**
 * The milliseconds of a duration that was passed as an option. The duration must be at least
 * `atLeastMs` long.
 */
export const checkDurationMs = (option: string, duration: Duration, atLeastMs = 1): number => {
  const lengthMs: unknown = (duration as Duration | null | undefined)?.milliseconds
  if (typeof lengthMs === 'number' && Number.isSafeInteger(lengthMs) && lengthMs >= atLeastMs)
    return lengthMs
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${option} must be a duration`,
    value: duration,
    allowed: `a duration of ${atLeastMs} ms or more`,
    fix: durationFor(duration),
  })
}

/** What to write for a value that is no duration, or too short. */
const durationFor = (value: unknown): string =>
  typeof value === 'number' && value > 0 && Number.isFinite(value)
    ? `a number has no unit: write seconds(${value}), minutes(${value}) or milliseconds(${value})`
    : 'for example seconds(10)'

/** Checks a text that was passed to an operation. `needs` names the text in the error. */
export const checkText = (operation: string, text: string, needs: string): string => {
  if (typeof text === 'string') return text
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs ${needs}`,
    value: text,
    allowed: 'a string',
  })
}

/** Checks an option that is true or false, and returns it. */
export const checkFlag = (option: string, value: boolean): boolean => {
  if (typeof value === 'boolean') return value
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${option} is not allowed`,
    value,
    allowed: 'true or false',
  })
}

/** Checks the name of a source, and returns it. */
export const checkSourceName = (operation: string, name: string): string => {
  if (typeof name === 'string' && name !== '') return name
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a name that can be bound`,
    value: name,
    fix: `for example ${operation}('clicks')`,
  })
}

/** Checks an option that is a whole number from 1 on, or is left out, and returns it. */
export const checkAtLeastOne = (option: string, value: number | undefined): number | undefined => {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return value
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${option} is not allowed`,
    value,
    allowed: 'a whole number, 1 or more',
  })
}
