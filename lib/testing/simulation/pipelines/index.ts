import { badWords } from './bad-words.ts'
import { codedWords } from './coded-words.ts'
import { dividedWindows } from './divided-windows.ts'
import { eventTime } from './event-time.ts'
import { filesInTime } from './files-in-time.ts'
import { idleKeys } from './idle-keys.ts'
import { inverseWindows } from './inverse-windows.ts'
import { joins } from './joins.ts'
import { keptLines } from './kept-lines.ts'
import { keyOrder } from './key-order.ts'
import { ownSink } from './own-sink.ts'
import type { SimulatedPipeline } from './pipeline.ts'
import { plainLines } from './plain-lines.ts'
import { rolledFiles } from './rolled-files.ts'
import { sharedValues } from './shared-values.ts'
import { tableRows } from './table-rows.ts'
import { timedKeys } from './timed-keys.ts'
import { twoSources } from './two-sources.ts'
import { uploads } from './uploads.ts'
import { windows } from './windows.ts'
import { wordTotals } from './word-totals.ts'

/**
 * The pipelines that worlds are drawn from. To add one, add a file with its model, and an entry
 * here.
 */
export const pipelines: readonly SimulatedPipeline[] = [
  wordTotals,
  plainLines,
  ownSink,
  keyOrder,
  uploads,
  twoSources,
  windows,
  inverseWindows,
  joins,
  idleKeys,
  badWords,
  filesInTime,
]

/**
 * Pipelines that came later, by their slots. A world draws one of 16 slots beside its pipeline. A
 * slot without a pipeline leaves it as it is, so a new one changes one seed in 16.
 */
const later: readonly (readonly [slot: number, pipeline: SimulatedPipeline])[] = [
  [0, rolledFiles],
  [1, timedKeys],
  [3, dividedWindows],
  [6, codedWords],
  [8, keptLines],
  [10, eventTime],
  [12, tableRows],
  [14, sharedValues],
]

const SLOTS = 16

/** The pipelines that came later. */
export const laterPipelines: readonly SimulatedPipeline[] = later.map(([, pipeline]) => pipeline)

/** What each slot runs in a world that has drawn a pipeline. */
export const slotsOf = (drawn: SimulatedPipeline): readonly SimulatedPipeline[] =>
  Array.from({ length: SLOTS }, (_, slot) => new Map(later).get(slot) ?? drawn)
