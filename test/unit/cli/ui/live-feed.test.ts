import { describe, expect, test } from 'vitest'
import type { LiveEvent } from '../../../../page/answers.ts'
import { NOW_MS, PageBed, recordOf } from './page-bed.ts'

/** An open page: what it has heard. */
class OpenPage {
  text = ''
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  status = 0

  async open(bed: PageBed): Promise<this> {
    const response = await bed.ask('/api/events')
    this.status = response.status
    this.#reader = response.body?.getReader()
    void this.#read()
    return this
  }

  async #read(): Promise<void> {
    for (;;) {
      const { done, value } = (await this.#reader?.read()) ?? { done: true }
      if (done) break
      this.text += Buffer.from(value ?? []).toString()
    }
    this.text += 'END'
  }

  async close(): Promise<void> {
    await this.#reader?.cancel()
  }

  get events(): readonly LiveEvent[] {
    return [...this.text.matchAll(/^event: batches\ndata: (.*)$/gm)].map(
      ([, data = '']) => JSON.parse(data) as LiveEvent,
    )
  }

  get times(): readonly number[] {
    return this.events.flatMap(({ batches }) => batches.map(({ timeMs }) => timeMs))
  }
}

describe('live events', () => {
  test('nothing is read while no page is open, and after the last one is closed', async () => {
    const bed = new PageBed()
    await bed.head()
    await bed.clock.pass(60_000)
    expect(bed.reads).toBe(0)
    const page = await new OpenPage().open(bed)
    await bed.clock.pass(5_000)
    expect(bed.reads).toBeGreaterThan(0)
    await page.close()
    await bed.clock.pass(1_000)
    const { reads } = bed
    await bed.clock.pass(3_600_000)
    expect(bed.reads).toBe(reads)
  })

  test('many pages cost what one costs', async () => {
    const readsOf = async (pages: number): Promise<number> => {
      const bed = new PageBed()
      await bed.head()
      for (let page = 0; page < pages; page++) await new OpenPage().open(bed)
      await bed.clock.pass(2_000)
      const before = bed.reads
      await bed.clock.pass(30_000)
      bed.ended.abort()
      return bed.reads - before
    }
    expect(await readsOf(10)).toBe(await readsOf(1))
    // The head, and a query for new batches.
    expect(await readsOf(1)).toBeLessThanOrEqual(62)
  })

  test('the period follows the interval, within bounds', async () => {
    const bed = new PageBed({ intervalMs: 10_000 })
    await bed.head()
    await new OpenPage().open(bed)
    await bed.clock.pass(20_000)
    const before = bed.reads
    await bed.clock.pass(100_000)
    expect(bed.reads - before).toBeLessThanOrEqual(22)
  })

  test('each page hears of each batch once, also one that opens later', async () => {
    const bed = new PageBed()
    await bed.head()
    const pages = [await new OpenPage().open(bed)]
    await bed.clock.pass(3_000)
    const times: number[] = []
    for (let batch = 0; batch < 5; batch++) {
      const timeMs = bed.clock.nowMs
      times.push(timeMs)
      await bed.batches(recordOf(timeMs))
      if (batch === 2) pages.push(await new OpenPage().open(bed))
      await bed.clock.pass(3_000)
    }
    expect(pages[0]?.times).toEqual(times)
    expect(pages[1]?.times).toEqual(times.slice(2))
    expect(await bed.json('/api/series')).toMatchObject({ timesMs: times })
  })

  test('a quiet page hears a heart-beat', async () => {
    const bed = new PageBed()
    await bed.head()
    const page = await new OpenPage().open(bed)
    await bed.clock.pass(60_000)
    expect(page.events).toHaveLength(1)
    expect(page.text.match(/^: still here$/gm)?.length).toBeGreaterThanOrEqual(3)
  })

  test('at most 32 pages are open', async () => {
    const bed = new PageBed()
    await bed.head()
    const pages: OpenPage[] = []
    for (let page = 0; page < 34; page++) {
      pages.push(await new OpenPage().open(bed))
      await bed.clock.pass(10)
    }
    expect(pages.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 32 }, () => 200),
      503,
      503,
    ])
    await pages[0]?.close()
    await bed.clock.pass(1_000)
    expect((await new OpenPage().open(bed)).status).toBe(200)
  })

  test('all pages end with the process', async () => {
    const bed = new PageBed()
    await bed.head()
    const pages = [await new OpenPage().open(bed), await new OpenPage().open(bed)]
    await bed.clock.pass(2_000)
    bed.ended.abort()
    await bed.clock.pass(1_000)
    expect(pages.map(({ text }) => text.endsWith('END'))).toEqual([true, true])
  })

  test('a store that fails for a while is asked again', async () => {
    let isDown = false
    const bed = new PageBed()
    await bed.head()
    const page = await new OpenPage().open(bed)
    bed.failing = () => isDown
    await bed.clock.pass(2_000)
    isDown = true
    await bed.clock.pass(20_000)
    isDown = false
    await bed.batches(recordOf(NOW_MS + 21_000))
    await bed.clock.pass(40_000)
    expect(page.times).toEqual([NOW_MS + 21_000])
  })
})
