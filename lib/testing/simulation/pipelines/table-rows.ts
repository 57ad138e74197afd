import { jsonLines } from '../../../formats/json/json-lines.ts'
import { batchesOfPeriod, collectedIn } from './periods.ts'
import {
  linesOf,
  type ModelBatch,
  randomLine,
  type SimulatedPipeline,
  type TableFiles,
} from './pipeline.ts'

const STREAM = 'clicks'

interface Row {
  readonly code: string
  readonly line: string
}

const wordOf = ({ line }: Row): string => line.split(' ')[0] ?? ''

const textOf = (batch: ModelBatch): string =>
  linesOf(batch, [STREAM])
    .map((line) => `${JSON.stringify({ code: batch.code, line })}\n`)
    .join('')

/** Puts each row of a text into the directory of its first word. */
const inDirectories = (text: string): TableFiles => {
  const files = new Map<string, string>()
  for (const row of text.split('\n').slice(0, -1)) {
    const directory = `word=${wordOf(JSON.parse(row) as Row)}`
    files.set(directory, `${files.get(directory) ?? ''}${row}\n`)
  }
  return files
}

/**
 * Rows in the directories of two tables, with the name of the code that saw them: batch by batch,
 * and by periods, though nothing comes in.
 */
export const tableRows: SimulatedPipeline = {
  name: 'table-rows',
  streams: [STREAM],
  buckets: [],
  // No two lines are alike, so that a row that is there twice shows.
  line: (random, n) => `${randomLine(random)} ${n}`,
  storesAnew: true,
  restsUntilTimer: true,
  describe(ssc, { code, change, maybeThrow }) {
    const lines = ssc.kinesisTextStream(STREAM)
    const rows = lines.mapPartitions((some) => {
      maybeThrow()
      return Array.from(some, (line): Row => ({ code, line }))
    })
    const table = {
      format: jsonLines<Row>(),
      partitionBy: (row: Row) => ({ word: wordOf(row) }),
    }
    rows.saveAsFiles('each', table)
    rows.saveAsFiles('periods', {
      ...table,
      every: lines.slideDuration.times(batchesOfPeriod(change)),
    })
  },
  outputs: () => ({}),
  tables(batch, history, intervalMs) {
    return {
      each: inDirectories(textOf(batch)),
      periods: inDirectories(collectedIn(history, intervalMs, textOf).written),
    }
  },
  nextMs: (history, intervalMs) => collectedIn(history, intervalMs, textOf).endMs,
}
