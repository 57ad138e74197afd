/**
 * Sources that `millrace receive` feeds from another machine. They need nothing here but their
 * lanes, which are in the table.
 */
import { MillraceError } from '../lib/base/errors.ts'
import { TEXT } from '../lib/dstream/sources/declaration.ts'
import type { Bindings } from './bindable.ts'
import type { StoredLocation } from './deployed-kind.ts'
import type { SourceSummary } from './plan-summary.ts'
import { localSourceKind, sourceKinds } from './sources/source-kind.ts'

/** The location of such a source. */
export const FED: StoredLocation = { kind: 'fed' }

/** Records that somebody brings: text, or what a process that stays gives. */
const canBeFed = ({ kind, elements }: SourceSummary): boolean => {
  const local = localSourceKind(kind)
  if (local !== undefined) return local.canBeFed === true
  const deployed = sourceKinds().find(({ declaredKind }) => declaredKind === kind)
  return elements === TEXT && deployed?.isAlone !== true
}

/**
 * The ids of the sources that are named to be fed, each by its name or its id.
 *
 * @throws MillraceError `BINDING_UNKNOWN`, `BINDING_UNFIT`.
 */
export const fedSources = (
  sources: readonly SourceSummary[],
  received: readonly string[],
  bindings: Bindings,
): readonly string[] =>
  received.flatMap((given) => {
    const found = sources.filter(({ id, name }) => id === given || name === given)
    if (found.length === 0)
      throw new MillraceError('BINDING_UNKNOWN', {
        problem: 'The pipeline has no source of a name in receive',
        value: given,
        allowed: sources.map(({ id, name = id }) => name).join(', '),
        fix: 'correct the name, or leave it out',
      })
    const unfit = found.find((source) => !canBeFed(source))
    if (unfit !== undefined)
      throw new MillraceError('BINDING_UNFIT', {
        problem: `millrace receive cannot feed "${given}", which reads ${unfit.elements}`,
        value: unfit.id,
        allowed: 'a source of text, or a receiver',
        fix: 'leave it out of receive, and bind it to what it reads',
      })
    if (bindings[given] !== undefined)
      throw new MillraceError('BINDING_UNFIT', {
        problem: `The source "${given}" is bound, and is fed from outside too`,
        value: given,
        fix: 'leave it out of bindings or out of receive',
      })
    return found.map(({ id }) => id)
  })
