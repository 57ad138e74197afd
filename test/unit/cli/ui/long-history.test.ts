/** What a page costs an application with a long history: queries, records and bytes. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { BatchesAnswer, SeriesAnswer } from '../../../../page/answers.ts'
import { NOW_MS, PageBed, recordOf } from './page-bed.ts'

const BATCHES = 10_000
const KB = 1_024
/** Of a machine that does much else. */
const SLOW_MS = 60_000
const timeOf = (batch: number): number => NOW_MS - (BATCHES - batch) * 1_000

/** Ten thousand batches, of which each hundredth had a failed attempt. */
const fill = async (bed: PageBed): Promise<void> => {
  await bed.head({ doneMs: timeOf(BATCHES - 1) })
  for (let batch = 0; batch < BATCHES; batch++) {
    const timeMs = timeOf(batch)
    const stages = [{ node: 'reduceByKey-1', side: 'map', tasks: 2, startMs: 3, ms: 12, keys: 7 }]
    const states = [{ id: 'totals', keys: 500 + batch, bytes: 20_000, segments: 12, growth: 10 }]
    if (batch % 100 === 50) await bed.batches(recordOf(timeMs, { status: 'failed' }))
    const attempt = batch % 100 === 50 ? 2 : 1
    await bed.batches(recordOf(timeMs, { attempt, stages, states, usage: { writeUnits: 11 } }))
  }
}

interface Row {
  readonly asks: string
  readonly paths: readonly string[]
  readonly batches: number
  readonly queries: number
  readonly bytes: number
}

const FIRST = ['/api/app', '/api/series?limit=1000', '/api/batches']

describe('of ten thousand batches', () => {
  let bed: PageBed
  beforeAll(async () => {
    bed = new PageBed()
    await fill(bed)
  }, SLOW_MS)

  test.each<Row>([
    { asks: 'the first view', paths: FIRST, batches: 1_000, queries: 3, bytes: 60 * KB },
    { asks: 'the same view again', paths: FIRST, batches: 0, queries: 6, bytes: 60 * KB },
    {
      asks: 'all of them',
      paths: ['/api/series?limit=10000'],
      batches: 9_200,
      // Ten pages, and the days before, in which there is nothing.
      queries: 19,
      bytes: 400 * KB,
    },
    { asks: 'all again', paths: ['/api/series'], batches: 0, queries: 2, bytes: 400 * KB },
    { asks: 'their bill', paths: ['/api/bill'], batches: 0, queries: 2, bytes: 400 * KB },
    { asks: 'what waits', paths: ['/api/overview'], batches: 0, queries: 6, bytes: 2 * KB },
  ])('$asks: a bounded number of queries, records and bytes', async (row) => {
    const [items, queries] = [bed.items, bed.queries]
    let bytes = 0
    for (const path of row.paths) bytes += (await (await bed.ask(path)).arrayBuffer()).byteLength
    // What has come since is looked for with each question.
    const looks = row.paths.length * 2
    expect(bed.items - items).toBeLessThanOrEqual(row.batches + looks * 50)
    expect(bed.queries - queries).toBeLessThanOrEqual(row.queries + looks)
    expect(bytes).toBeLessThanOrEqual(row.bytes)
  })

  test('all batches are in the figures, each once and in order', async () => {
    const { timesMs, failedMs } = (await bed.json('/api/series')) as SeriesAnswer
    // The page keeps ten thousand records, and a hundred were failed attempts.
    expect(timesMs).toHaveLength(BATCHES - 99)
    expect(timesMs).toEqual([...new Set(timesMs)].toSorted((a, b) => a - b))
    expect(failedMs).toHaveLength(99)
  })
})

test('the table goes back to the first batch, each once, however far that is', async () => {
  const bed = new PageBed()
  await bed.head({ doneMs: timeOf(2_499) })
  for (let batch = 0; batch < 2_500; batch++) await bed.batches(recordOf(timeOf(batch)))
  const seen: number[] = []
  let before: number | undefined
  for (let page = 0; page < 10; page++) {
    const from = before === undefined ? '' : `&before=${before}`
    const answer = (await bed.json(`/api/batches?limit=500${from}`)) as BatchesAnswer
    seen.push(...answer.batches.map(({ timeMs }) => timeMs))
    before = answer.before
    if (before === undefined) break
  }
  expect(seen).toEqual(Array.from({ length: 2_500 }, (_, index) => timeOf(2_499 - index)))
})
