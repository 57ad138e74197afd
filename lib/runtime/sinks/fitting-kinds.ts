import { MillraceError } from '../../base/errors.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { SentShape } from '../../rdd/sink-declaration.ts'
import { locatedAt } from './separate-places.ts'
import { sinkKindOf, type SinkLocation } from './sink-kind.ts'

const FIXES: Readonly<Record<SentShape, string>> = {
  rows: 'a database, for example sqlite:./scores.db, or a directory',
  messages: 'a queue, a topic, a stream or a server, or a directory',
  events: 'an event bus, for example eventbridge:default, or a directory',
}

/**
 * Checks that each output of a plan goes to a kind that takes what it sends, where names are bound:
 * no rows to a queue, and no messages to a database.
 *
 * @throws MillraceError `BINDING_UNFIT`.
 */
export const checkFittingKinds = (
  { outputs }: Plan,
  locate: (place: string) => SinkLocation,
): void => {
  for (const { id, node } of outputs) {
    const place = node.placeAt?.(0)
    const location = place === undefined ? undefined : locatedAt(place, locate)
    if (location === undefined) continue
    const { takes, noun } = sinkKindOf(location)
    const { sends } = node
    if (takes === undefined || (sends !== undefined && takes.includes(sends))) continue
    throw new MillraceError('BINDING_UNFIT', {
      problem: `The output ${id} writes ${sends ?? 'files'}, and is bound to ${noun}`,
      value: node.writesTo ?? place,
      allowed: `what takes ${sends ?? 'files'}`,
      fix: `bind its name to ${sends === undefined ? 'a directory' : FIXES[sends]}`,
    })
  }
}
