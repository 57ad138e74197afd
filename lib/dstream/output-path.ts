/** The places of outputs: their names, and when two of them would write the same files. */
import { MillraceError } from '../base/errors.ts'

/** The directory of one batch of an output, named as in Spark: `prefix-<ms>[.suffix]`. */
export const outputPath = (prefix: string, suffix: string, timeMs: number): string => {
  // After an empty prefix, or one that ends with a slash, the name is only the time, as in Spark.
  const stem = prefix === '' || prefix.endsWith('/') ? `${prefix}${timeMs}` : `${prefix}-${timeMs}`
  return suffix === '' ? stem : `${stem}.${suffix}`
}

/** The names of a place, from its root on: `s3://b/x`, `./x//y` and `x/y/` have 2 names each. */
export const placeNames = (place: string): readonly string[] => {
  const [, root = '', rest = place] = /^([a-z][a-z0-9+.-]*:\/\/[^/]*)(.*)$/is.exec(place) ?? []
  const names: string[] = [root === '' && place.startsWith('/') ? '/' : root].filter(Boolean)
  for (const name of rest.split('/')) {
    const last = names.at(-1)
    if (name === '..' && last !== undefined && last !== '..' && last !== '/') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return names
}

/** Whether two places are equal, or one lies inside the other. */
export const isSamePlace = (a: readonly string[], b: readonly string[]): boolean => {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  return short.every((name, index) => name === long[index])
}

/** `place`: of the batch at time 0. `other`: the id of the output that is there already. */
export const samePlaceError = (place: string, other: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', {
    problem: `Two outputs write to one place, or one inside the other: the first is ${other}`,
    value: place,
    allowed: 'a place for each output',
    fix: 'give this output another prefix or suffix, or another table',
  })
