/** Locations of sources as a deployment has stored them. Both functions read them. */
import './all.ts'
import { isStoredLocation, type Location } from '../locations.ts'
import { sourceKind, sourceKinds } from './source-kind.ts'

/** The location of a source that a stored value describes. Undefined: no kind understands it. */
export const parseDeployedSource = (value: unknown): Location | undefined =>
  isStoredLocation(value) ? sourceKind(value.kind)?.parseDeployed?.(value) : undefined

/** The known forms of stored sources, for messages. */
export const deployedSourceForms = (): string =>
  sourceKinds()
    .flatMap(({ deployedForm }) => deployedForm ?? [])
    .join(' or ')
