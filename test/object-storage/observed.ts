/** What a pipeline has said of files, and put aside. */
import type { ItemStore } from '../../lib/ports/item-store.ts'
import { readDeadLetters } from '../../lib/state/dead-letter-reader.ts'

/** The codes of all dead letters. */
export const deadLetterCodes = async (
  store: ItemStore,
  app: string,
  fromMs: number,
): Promise<readonly string[]> => {
  const codes: string[] = []
  // Batch times may be ahead of the clock.
  const toMs = fromMs + 60 * 86_400_000
  for await (const { code, isTrue } of readDeadLetters(store, app, {
    fromMs,
    toMs,
    first: 'oldest',
  }))
    if (isTrue) codes.push(String(code))
  return codes.toSorted()
}

/** An event, or the line of a log that tells it. */
type Told = Readonly<Record<string, unknown>>

/** What events say of files that were left out, each once. */
export const saidIn = (events: readonly Told[]): readonly string[] => {
  const said = events.flatMap(({ event, object, reason, count, code, aheadMs }) => {
    if (event === 'objectSkipped') return [`${shown(String(object))}: ${String(reason)}`]
    if (event === 'leftOut') return [`${String(count)} left out: ${String(reason)}`]
    if (event === 'clockSkew')
      return [`the clock of the storage is ${Math.round(Number(aheadMs) / 1_000)} s ahead`]
    return event === 'messageRefused' ? [`a message is refused: ${String(code)}`] : []
  })
  return [...new Set(said)].toSorted()
}

const shown = (key: string): string => `\`${key.replace(/^in\//, '')}\``
