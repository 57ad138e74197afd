/** What `millrace dev` shows after each save. */
import { oneLine } from '../../lib/base/printable.ts'
import { type Difference, differenceOf, isDifferent } from '../../lib/runtime/replay/difference.ts'
import { count } from '../reports/answer.ts'
import type { DevBatch, DevResult } from './dev-run.ts'

const RECORDS_SHOWN = 10
const DIFFERENCES_SHOWN = 20
const CHARACTERS_MAX = 200

const shown = (text: string): string => {
  const line = oneLine(text)
  return line.length > CHARACTERS_MAX ? `${line.slice(0, CHARACTERS_MAX)}...` : line
}

/** The lines of a run, and of what differs from the run before. */
export function* linesOf(result: DevResult, before: DevResult | undefined): Generator<string> {
  const { batches, records, outputs, deadLetters, deadLetterCount } = result
  for (const { id, batches: given } of outputs) yield* lastOf(id, given)
  yield `${count(batches, 'batch', 'batches')}, ${count(records, 'record')}`
  if (batches === 0) yield 'There was nothing to read'
  if (deadLetterCount > 0) {
    yield `${count(deadLetterCount, 'record')} put aside`
    for (const text of deadLetters) yield* text.split('\n').map((line) => `  ${line}`)
  }
  if (before !== undefined) yield* changesOf(result, before)
}

const lastOf = (id: string, batches: readonly DevBatch[]): readonly string[] => {
  const last = batches.at(-1)
  if (last === undefined) return [`${id} gave nothing`]
  const { records, count: number } = last
  const of = batches.length === 1 ? '' : ` in the last of ${batches.length} batches`
  return [
    `${id}: ${count(number, 'record')}${of}`,
    ...records.slice(0, RECORDS_SHOWN).map(({ text }) => `  ${shown(text)}`),
    ...(number > RECORDS_SHOWN ? [`  ... and ${number - RECORDS_SHOWN} more`] : []),
  ]
}

const changesOf = (result: DevResult, before: DevResult): readonly string[] => {
  const changes = differences(result, before).filter(([, , one]) => isDifferent(one))
  if (changes.length === 0) return ['Nothing differs from the save before']
  const lines = changes.flatMap(([id, batch, one]) => [
    `  ${id}, batch ${batch}`,
    ...one.changed.map((pair) => `    ~ ${shown(pair.before)}  ->  ${shown(pair.after)}`),
    ...one.onlyBefore.map((text) => `    - ${shown(text)}`),
    ...one.onlyAfter.map((text) => `    + ${shown(text)}`),
  ])
  const more = lines.length - DIFFERENCES_SHOWN
  return [
    'Since the save before:',
    ...lines.slice(0, DIFFERENCES_SHOWN),
    ...(more > 0 ? [`  ... and ${more} more`] : []),
  ]
}

/** Batch by batch: both runs have read the same files in the same order. */
const differences = (
  { outputs }: DevResult,
  before: DevResult,
): readonly (readonly [id: string, batch: number, difference: Difference])[] => {
  const ids = new Set([...before.outputs, ...outputs].map(({ id }) => id))
  return [...ids].flatMap((id) => {
    const now = outputs.find((one) => one.id === id)?.batches ?? []
    const then = before.outputs.find((one) => one.id === id)?.batches ?? []
    return Array.from({ length: Math.max(now.length, then.length) }, (_, index) => {
      const difference = differenceOf(then[index]?.records ?? [], now[index]?.records ?? [])
      return [id, index + 1, difference] as const
    })
  })
}
