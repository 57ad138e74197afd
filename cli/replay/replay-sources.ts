/**
 * What the sources of a replay read. Records of streams are in the store that is copied. Files and
 * objects are read again where they are.
 */
import { loadAws } from '../../lib/adapters/aws/packages.ts'
import { isMillraceError, MillraceError } from '../../lib/base/errors.ts'
import type { Plan } from '../../lib/dstream/plan.ts'
import { type SourceDeclaration, sourceName } from '../../lib/dstream/sources/declaration.ts'
import type { ObjectStore } from '../../lib/ports/object-store.ts'
import { type BindingOptions, sourcesLocator } from '../../lib/runtime/bindings.ts'
import type { BatchInput } from '../../lib/runtime/driver/batch-input.ts'
import { type Location, parseBinding } from '../../lib/runtime/locations.ts'
import { nounsOfInput, replayLocation, sourceKind } from '../../lib/runtime/sources/source-kind.ts'

/** Opens a bucket of S3. */
export const openBucket = async (bucket: string): Promise<ObjectStore> => {
  const { s3ObjectStore } = await loadAws(() => import('../../lib/adapters/aws/s3-object-store.ts'))
  return s3ObjectStore({ bucket })
}

/**
 * The location of each source, by the kind of input that batches took from it.
 *
 * @throws MillraceError `BINDING_MISSING` when inputs cannot be read again here.
 */
export const replayLocations = (
  plan: Plan,
  input: BatchInput,
  options: BindingOptions,
): ReadonlyMap<string, Location> =>
  new Map(
    plan.sources.map(({ id, node: { source } }) => [
      id,
      locationOf(id, source, input.sources[id]?.kind ?? 'lanes', options),
    ]),
  )

const locationOf = (
  id: string,
  declared: SourceDeclaration,
  input: string,
  options: BindingOptions,
): Location => {
  const { name } = declared
  const bound = new Map(options.bindings.map(parseBinding)).get(name ?? '')
  const again = replayLocation(declared, { input, bound })
  if (again !== undefined) return again
  const location = boundTo(id, declared, options)
  if (location !== undefined && sourceKind(location.kind)?.input.name === input) return location
  throw new MillraceError('BINDING_MISSING', {
    problem: `What batches took from ${sourceName(id, declared)} cannot be read again here`,
    value: location?.kind ?? 'nothing',
    allowed: `${nounsOfInput(input)} that can be read again`,
    fix: `say where it is: --bind ${name ?? id}=./directory, or s3://BUCKET/PREFIX`,
  })
}

/** Undefined: it is bound to nothing that this machine has. */
const boundTo = (
  id: string,
  declared: SourceDeclaration,
  options: BindingOptions,
): Location | undefined => {
  try {
    return sourcesLocator(options)(id, declared)
  } catch (error) {
    if (isMillraceError(error) && error.code === 'BINDING_MISSING') return undefined
    throw error
  }
}
