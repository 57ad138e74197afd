/** Locations of outputs as a deployment has stored them. The driver reads them. */
import './all.ts'
import { MillraceError } from '../../base/errors.ts'
import { isStoredLocation, type Location, parseNamedUri } from '../locations.ts'
import { sinkKind, sinkKindOf, sinkKinds, type SinkLocation } from './sink-kind.ts'
import type { SinkPorts } from './sink-ports.ts'

/** The location of an output that a stored value describes. Undefined: no kind understands it. */
export const parseDeployedOutput = (value: unknown): Location | undefined =>
  isStoredLocation(value) ? sinkKind(value.kind)?.parseDeployed?.(value) : undefined

/** The known forms of stored outputs, for messages. */
export const deployedOutputForms = (): string =>
  sinkKinds()
    .flatMap(({ deployedForm }) => deployedForm ?? [])
    .join(' or ')

/**
 * Locates the outputs of a deployed pipeline. In `s3://name/rest` and `name/rest`, the name is
 * looked up in the stored outputs. A bucket without a binding is taken literally.
 */
export const outputLocator =
  (outputs: ReadonlyMap<string, Location>, ports: SinkPorts) =>
  (place: string): SinkLocation => {
    const uri = parseNamedUri(place)
    const [first = '', ...others] = place.split('/')
    const { name, rest } = uri ?? { name: first, rest: others.join('/') }
    const bound = outputs.get(name)
    const isBelow = uri !== undefined || rest !== ''
    const location =
      bound !== undefined && isBelow
        ? sinkKindOf(bound).locateBound?.(bound, rest)
        : literalOutput(place, ports)
    if (location !== undefined) return location
    const forms = sinkKinds().flatMap(({ placeForm }) => placeForm ?? [])
    throw new MillraceError('BINDING_MISSING', {
      problem: 'An output goes to a directory, but a function on AWS has no lasting directory',
      value: place,
      allowed: [...forms, ...outputs.keys()].join(', '),
      fix:
        `write to ${forms.join(' or ')}, ` +
        `or give the construct StreamingApp a bucket for "${name}"`,
    })
  }

const literalOutput = (place: string, ports: SinkPorts): SinkLocation | undefined => {
  for (const kind of sinkKinds()) {
    const location = kind.isAvailable(ports) ? kind.locateUnbound?.(place, '/') : undefined
    if (location !== undefined) return location
  }
  return undefined
}
