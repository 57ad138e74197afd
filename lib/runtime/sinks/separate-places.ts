import { isSamePlace, placeNames, samePlaceError } from '../../dstream/output-path.ts'
import type { Plan } from '../../dstream/plan.ts'
import { sinkKindOf, type SinkLocation } from './sink-kind.ts'

/**
 * Checks that each output of a plan has its own place, where their names are bound.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when two outputs write to one place, or one inside the
 * other.
 */
export const checkSeparatePlaces = (
  { outputs }: Plan,
  locate: (place: string) => SinkLocation,
): void => {
  const taken: { readonly id: string; readonly names: readonly string[] }[] = []
  for (const { id, node } of outputs) {
    const place = node.placeAt?.(0)
    const location = place === undefined ? undefined : locatedAt(place, locate)
    if (place === undefined || location === undefined) continue
    const names = targetNames(location)
    const other = taken.find((one) => isSamePlace(one.names, names))
    if (other !== undefined) throw samePlaceError(place, other.id)
    taken.push({ id, names })
  }
}

/** The names of what a location writes to, the outermost first. */
const targetNames = (location: SinkLocation): readonly string[] => {
  const kind = sinkKindOf(location)
  if (kind.target !== undefined) return placeNames(kind.target(location))
  return [kind.name, ...placeNames(`${kind.key(location)}/${location.path}`)]
}

/** The location of a place. Undefined: the batch reports that there is none. */
export const locatedAt = (
  place: string,
  locate: (place: string) => SinkLocation,
): SinkLocation | undefined => {
  try {
    return locate(place)
  } catch {
    return undefined
  }
}
