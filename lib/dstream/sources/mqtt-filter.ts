/** Which topics of MQTT a source reads: a filter, as a subscription has it. */
import { MillraceError } from '../../base/errors.ts'

const BYTES_MAX = 65_535

/** `#` stands for all further levels, and `+` for one. Each is a level of its own. */
const areLevels = (filter: string): boolean => {
  const levels = filter.split('/')
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1
    return level === '+' || !/[#+]/.test(level)
  })
}

const isFilter = (filter: string): boolean => {
  if (filter === '' || filter.includes('\0') || Buffer.byteLength(filter) > BYTES_MAX) return false
  if (!/^\$share(\/|$)/.test(filter)) return areLevels(filter)
  const [, shared] = /^\$share\/[^/#+]+\/(.+)$/.exec(filter) ?? []
  return shared !== undefined && areLevels(shared)
}

/** What is wrong with a filter. Undefined: nothing. */
export const filterFault = (
  filter: unknown,
): { readonly allowed: string; readonly fix: string } | undefined =>
  typeof filter === 'string' && isFilter(filter)
    ? undefined
    : {
        allowed:
          "levels between slashes; '+' as a whole level stands for any level, " +
          "and '#' as the last one for all further levels; '$share/GROUP/' may come before",
        fix: "for example 'sensors/+/temperature' or 'sensors/#'",
      }

/** Checks a filter of a declaration, and returns it. Errors: `ARGUMENT_INVALID`. */
export const checkFilter = (operation: string, filter: string): string => {
  const fault = filterFault(filter)
  if (fault === undefined) return filter
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a filter of topics, and this is none`,
    value: filter,
    ...fault,
  })
}
