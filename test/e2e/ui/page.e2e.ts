/** The page in a real browser. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { AUDIT, type Audit } from './audit.ts'
import { openBrowser, ShownRun } from './browser.ts'

let browser: Browser
let run: ShownRun
let url = ''

beforeAll(async () => {
  browser = await openBrowser()
  run = new ShownRun('word-count', 'lines')
  url = await run.url()
  run.add(['the mill', 'the race'])
  run.add(['<b>wheel</b>'], '<img src=x onerror=alert(1)>.txt')
})

afterAll(async () => {
  await run.remove()
  await browser.close()
})

interface Opened {
  readonly page: Page
  /** What the page has asked of others, and what went wrong in it. */
  readonly bad: readonly string[]
}

const open = async (
  path = '',
  width = 1_200,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<Opened> => {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
  onTestFinished(() => page.close())
  const bad: string[] = []
  page.on('pageerror', ({ message }) => bad.push(message))
  page.on('dialog', (dialog) => {
    bad.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    if (message.type() === 'error') bad.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) bad.push(`asks ${request.url()}`)
  })
  await page.goto(`${url}#/${path}`)
  await page.waitForSelector('h2')
  return { page, bad }
}

const linkOfBatch = 'tbody a[href^="#/batch/"]'

describe('the page', () => {
  test('shows a batch when it has run, without being loaded again', async () => {
    const { page, bad } = await open()
    await page.waitForSelector(linkOfBatch)
    const before = await page.locator('tbody .label.completed').count()
    run.add(['a file that comes later'])
    await expect
      .poll(() => page.locator('tbody .label.completed').count(), { timeout: 20_000 })
      .toBeGreaterThan(before)
    expect(await page.title()).toMatch(/: word-count$/)
    expect(bad).toEqual([])
  })

  test.each(['', 'plan', 'input', 'dead-letters'])('view "%s" has no fault', async (path) => {
    const { page, bad } = await open(path)
    await page.waitForLoadState('load')
    expect(await page.locator('nav a[aria-current=page]').count()).toBe(1)
    expect(await page.locator('main h2').count()).toBeGreaterThan(0)
    expect(bad).toEqual([])
  })

  test('shows a hostile name of a file as text', async () => {
    const { page, bad } = await open()
    const { batches } = (await (await fetch(`${url}api/batches?limit=500`)).json()) as {
      readonly batches: readonly { readonly timeMs: number; readonly records: number }[]
    }
    const texts: string[] = []
    for (const { timeMs } of batches.filter(({ records }) => records > 0)) {
      await page.goto(`${url}#/batch/${timeMs}`)
      await page.waitForSelector('dl')
      texts.push(await page.locator('main').innerText())
    }
    expect(texts.join('\n')).toContain('<img src=x onerror=alert(1)>.txt')
    expect(await page.locator('main img').count()).toBe(0)
    expect(bad).toEqual([])
  })

  test.each([390, 1_000, 2_500])('fits into %d pixels', async (width) => {
    const { page } = await open('', width)
    await page.waitForSelector(linkOfBatch)
    const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(wide).toBeLessThanOrEqual(0)
  })

  test('can be used by keyboard, and says its charts in words', async () => {
    const { page } = await open()
    await page.waitForSelector(linkOfBatch)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement?.textContent')).toContain('Skip')
    const plots = await page.locator('.plot').all()
    expect(plots).toHaveLength(4)
    for (const plot of plots)
      expect(await plot.getAttribute('aria-label')).toMatch(/by time: .*(median|Nothing is known)/)
    await page.locator('details.figures summary').first().press('Enter')
    await page.locator('details.figures tbody tr').first().waitFor()
    await page.locator('nav a', { hasText: 'Plan' }).press('Enter')
    await page.waitForSelector('svg.plan')
  })

  test.each(
    ['', 'plan', 'input', 'dead-letters', 'batch'].flatMap((view) => [
      { view, width: 390, scheme: 'light' as const },
      { view, width: 1_000, scheme: 'dark' as const },
      { view, width: 2_500, scheme: 'light' as const },
    ]),
  )('view "$view" passes an audit at $width pixels, $scheme', async ({ view, width, scheme }) => {
    const { batches } = (await (await fetch(`${url}api/batches?limit=500`)).json()) as {
      readonly batches: readonly { readonly timeMs: number; readonly records: number }[]
    }
    const batch = batches.findLast(({ records }) => records > 0)?.timeMs
    const { page } = await open(view === 'batch' ? `batch/${batch}` : view, width, scheme)
    await page.waitForSelector('main table, main .empty')
    const found = (await page.evaluate(AUDIT)) as Audit
    expect(found).toEqual({ nameless: [], doubled: [], faint: [], wider: 0 })
  })

  test('looks up a key by keyboard', async () => {
    const { page, bad } = await open('input')
    const key = page.getByLabel('Key: text, or JSON')
    await key.fill('mill')
    await key.press('Enter')
    await page.waitForSelector('pre.value')
    expect(await page.locator('pre.value').textContent()).toBe('1')
    await key.fill('nobody')
    await key.press('Enter')
    await page.waitForSelector('text=No state in')
    expect(bad).toEqual([])
  })

  test('keeps the focus, and what is selected, while batches come', async () => {
    const { page } = await open()
    await page.waitForSelector(linkOfBatch)
    const link = page.locator(linkOfBatch).last()
    const href = await link.getAttribute('href')
    await link.focus()
    const rows = await page.locator('tbody tr').count()
    run.add(['a file that makes a batch'])
    await expect
      .poll(() => page.locator('tbody tr').count(), { timeout: 20_000 })
      .toBeGreaterThan(rows)
    expect(await page.evaluate('document.activeElement.getAttribute("href")')).toBe(href)
    const select = 'getSelection().selectAllChildren(document.querySelector("tbody tr"))'
    await page.evaluate(select)
    const selected = await page.evaluate('getSelection().toString()')
    run.add(['a file that makes one more batch'])
    await page.waitForTimeout(3_000)
    expect(await page.evaluate('getSelection().toString()')).toBe(selected)
  })

  test('says when the run has ended', async () => {
    const short = new ShownRun('word-count', 'lines')
    onTestFinished(() => short.remove())
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    await page.goto(await short.url())
    await page.waitForSelector('h2')
    await short.stop()
    await page.waitForSelector('#notices:has-text("The run has ended")')
  })
})
