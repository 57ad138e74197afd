import { badWords } from './bad-words.ts'
import { filesInTime } from './files-in-time.ts'
import { idleKeys } from './idle-keys.ts'
import { inverseWindows } from './inverse-windows.ts'
import { joins } from './joins.ts'
import { keyOrder } from './key-order.ts'
import { ownSink } from './own-sink.ts'
import type { SimulatedPipeline } from './pipeline.ts'
import { plainLines } from './plain-lines.ts'
import { rolledFiles } from './rolled-files.ts'
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

/** The same, drawn beside the others, so that their seeds stay as they were. */
export const laterPipelines: readonly SimulatedPipeline[] = [rolledFiles, timedKeys]

const LATER_ONE_IN = 14

/** What else a world may draw: one in about fourteen has a certain later pipeline. */
export const laterWeight = (drawn: SimulatedPipeline): readonly SimulatedPipeline[] =>
  Array<SimulatedPipeline>(LATER_ONE_IN).fill(drawn)
