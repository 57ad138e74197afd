/**
 * Makes the pictures of the page in docs/pictures/ from pipelines that run: one that is healthy,
 * one that falls behind, and one that has failed, light and dark. It takes two minutes.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { openBrowser, ShownRun } from './browser.ts'

const pictures = join(import.meta.dirname, '..', '..', '..', 'docs', 'pictures')
const SECOND_MS = 1_000

interface Picture {
  readonly name: string
  readonly path?: string
  readonly dark?: boolean
  readonly width?: number
  readonly height?: number
}

const take = async (browser: Browser, url: string, picture: Picture): Promise<void> => {
  const { name, path = '', dark = false, width = 1_200, height = 860 } = picture
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
  })
  await page.goto(`${url}#/${path}`)
  await page.waitForSelector('h2')
  await setTimeout(1_500)
  await page.screenshot({ path: join(pictures, `${name}.png`) })
  await page.close()
}

const WORDS = ['mill', 'race', 'wheel', 'stone', 'flour', 'water', 'river', 'grain', 'weir']

/** Lines whose number goes up and down. */
const linesOf = (second: number): readonly string[] =>
  Array.from(
    { length: Math.round(220 + 120 * Math.sin(second / 5) + ((second * 37) % 60)) },
    (_, line) => `${WORDS[(line * 7 + second) % 9]} ${WORDS[(line + second) % 9]} w${line % 500}`,
  )

/** Gives a run a file each second, until it is told to stop. */
const feed = (run: ShownRun, linesAt: (second: number) => readonly string[]): (() => void) => {
  const ending = new AbortController()
  void (async () => {
    for (let second = 0; !ending.signal.aborted; second++) {
      run.add(linesAt(second))
      await setTimeout(SECOND_MS)
    }
  })()
  return () => ending.abort()
}

const healthy = async (browser: Browser): Promise<void> => {
  const run = new ShownRun('word-count', 'lines')
  const url = await run.url()
  const stop = feed(run, linesOf)
  await setTimeout(60 * SECOND_MS)
  await take(browser, url, { name: 'page-healthy' })
  await take(browser, url, { name: 'page-healthy-dark', dark: true })
  await take(browser, url, { name: 'page-plan', path: 'plan', height: 520 })
  const { batches } = (await (await fetch(`${url}api/batches`)).json()) as {
    readonly batches: readonly { readonly timeMs: number; readonly records: number }[]
  }
  const batch = batches.find(({ records }) => records > 0)?.timeMs
  await take(browser, url, { name: 'page-batch', path: `batch/${batch}` })
  await take(browser, url, { name: 'page-phone', width: 390, height: 844 })
  stop()
  await run.remove()
}

const fallingBehind = async (browser: Browser): Promise<void> => {
  const run = new ShownRun('slow', 'orders')
  const url = await run.url()
  const stop = feed(run, (second) =>
    linesOf(second).map((_, order) => `shop-${(order * second) % 40},${order}`),
  )
  await setTimeout(50 * SECOND_MS)
  await take(browser, url, { name: 'page-behind' })
  await take(browser, url, { name: 'page-behind-dark', dark: true })
  stop()
  await run.remove()
}

const failed = async (browser: Browser): Promise<void> => {
  const run = new ShownRun('failing', 'visits')
  await run.url()
  const visits = (second: number): readonly string[] =>
    linesOf(second).map((_, index) => `/page/${index % 30} ${index % 9}`)
  const stop = feed(run, (second) => [...(second % 8 === 3 ? [' 4'] : []), ...visits(second)])
  await setTimeout(25 * SECOND_MS)
  stop()
  run.add(['/page/1 many'])
  await run.end()
  const left = new ShownRun('failing', 'visits', run.directory)
  await take(browser, await left.url(), { name: 'page-failed' })
  await take(browser, await left.url(), { name: 'page-failed-dark', dark: true })
  await take(browser, await left.url(), { name: 'page-dead-letters', path: 'dead-letters' })
  await left.remove()
}

mkdirSync(pictures, { recursive: true })
const browser = await openBrowser()
await Promise.all([healthy(browser), fallingBehind(browser), failed(browser)])
await browser.close()
