/** Whether outputs have places of their own, when their names are bound to constructs. */
import { MillraceError } from '../lib/base/errors.ts'
import { isSamePlace, placeNames } from '../lib/dstream/output-path.ts'
import type { Bindings } from './bindable.ts'
import type { NamedPath } from './deployed-kind.ts'
import type { PlanSummary } from './plan-summary.ts'
import { type DeployedSinkKind, sinkKinds } from './sinks/sink-kind.ts'

/**
 * What a name stands for: equal for two names that are bound to one resource, by one construct or
 * by two.
 */
export const resourceOf = (
  { name }: Pick<NamedPath, 'name'>,
  { type }: Pick<DeployedSinkKind, 'type'>,
  bindings: Bindings,
): string => {
  const bound = bindings[name]
  return bound !== undefined && type.isInstance(bound) ? type.arnOf(bound) : `created ${name}`
}

interface Placed {
  readonly place: string
  readonly names: readonly string[]
}

/**
 * Checks that each output has its own place. The driver checks the same when it starts; here it is
 * found before anything is deployed.
 *
 * @throws MillraceError `BINDING_UNFIT` when two outputs write to one place, or one inside the
 * other.
 */
export const checkSeparatePlaces = ({ outputs }: PlanSummary, bindings: Bindings): void => {
  const taken: Placed[] = []
  for (const { firstPlace: place } of outputs) {
    const names = place === undefined ? undefined : namesOf(place, bindings)
    if (place === undefined || names === undefined) continue
    const other = taken.find((one) => isSamePlace(one.names, names))
    if (other !== undefined)
      throw new MillraceError('BINDING_UNFIT', {
        problem: 'Two outputs write to one place, or one inside the other',
        value: `${other.place} and ${place}, for the batch time 0`,
        allowed: 'a place for each output',
        fix: 'give one of them another prefix, or bind the two names to different resources',
      })
    taken.push({ place, names })
  }
}

const namesOf = (place: string, bindings: Bindings): readonly string[] | undefined => {
  for (const kind of sinkKinds()) {
    const found = kind.locate(place)
    if (found !== undefined)
      return [kind.name, resourceOf(found, kind, bindings), ...placeNames(found.path)]
  }
  return undefined
}
