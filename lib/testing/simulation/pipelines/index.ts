import { keyOrder } from './key-order.ts'
import { ownSink } from './own-sink.ts'
import type { SimulatedPipeline } from './pipeline.ts'
import { plainLines } from './plain-lines.ts'
import { twoSources } from './two-sources.ts'
import { uploads } from './uploads.ts'
import { wordTotals } from './word-totals.ts'

/** The pipelines that worlds are drawn from. One more is a file with its model, and a word here. */
export const pipelines: readonly SimulatedPipeline[] = [wordTotals, plainLines, ownSink, keyOrder, uploads, twoSources]
