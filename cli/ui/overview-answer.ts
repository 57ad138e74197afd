/** Lanes, files, states and dead letters: what costs more reads than a look at the head. */
import type { OverviewAnswer } from '../../page/answers.ts'
import { cutText, preview } from '../../lib/base/error-text.ts'
import { lastDeadLetters, readPresent } from '../../lib/runtime/operations/status.ts'
import { newestBatches } from '../../lib/state/history/read-history.ts'
import { lastTimeMs } from '../../lib/state/head.ts'
import { withShownPaths } from '../../lib/tools/shown-paths.ts'
import type { PageSource } from './page-source.ts'

/** An error may tell all of a record that it could not read. */
const MESSAGE_CHARACTERS_MAX = 2_000
/** A stream may have thousands of shards. */
const LANES_MAX = 200

/** Reads the overview. */
export const overviewAnswer = async (source: PageSource): Promise<OverviewAnswer> => {
  const { store, app, clock } = source
  const nowMs = clock.now()
  const { head, lanes, files, states, accumulators } = await readPresent(store, app)
  const deadLetters = await lastDeadLetters(store, app, head, nowMs)
  const range = { fromMs: 0, toMs: lastTimeMs(head, nowMs), limit: 1 }
  const [last] = await newestBatches(store, app, range)
  const shown = lanes.toSorted((a, b) => b.waitingRecords - a.waitingRecords).slice(0, LANES_MAX)
  return {
    lanes: shown.map(({ waitingEntries: _entries, ...lane }) => lane),
    lanesLeftOut: lanes.length - shown.length,
    files: files.map(({ source: id, taken, pending }) => ({
      source: id,
      ...(taken === undefined ? {} : { taken }),
      ...(pending === undefined ? {} : { pending }),
    })),
    states: states.map((state) => {
      const { keys, growth } = last?.states?.find(({ id }) => id === state.id) ?? {}
      return {
        ...state,
        ...(keys === undefined ? {} : { keys }),
        ...(growth === undefined ? {} : { growth }),
      }
    }),
    accumulators: accumulators.map(({ name, kind, value }) => ({
      name,
      kind,
      value: preview(value),
    })),
    deadLetters: {
      ...deadLetters,
      some: deadLetters.some.map((one) => ({
        ...one,
        message: cutText(withShownPaths(one.message), MESSAGE_CHARACTERS_MAX),
      })),
    },
    nowMs,
  }
}
