/**
 * The files of the page. A build has compiled its modules. From sources their types are stripped
 * when they are asked for. The chart library comes from its own package.
 */
import { readFile } from 'node:fs/promises'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the page. */
export interface Asset {
  readonly type: string
  readonly body: string
}

const isSource = import.meta.url.endsWith('.ts')
const here = dirname(fileURLToPath(import.meta.url))
const root = isSource ? join(here, '..', '..') : join(here, '..', '..', '..')
const compiled = isSource ? join(root, 'page') : join(root, 'dist', 'page')

const JS = 'text/javascript; charset=utf-8'
const CSS = 'text/css; charset=utf-8'

const MODULES = [
  'main',
  'dom',
  'words',
  'charts',
  'chart-marks',
  'histogram',
  'live',
  'overview',
  'batch',
  'batch-input',
  'batch-time-line',
  'plan',
  'plan-drawing',
  'plan-figures',
  'plan-layout',
  'input',
  'dead-letters',
  'cost',
  'look-up',
] as const

const text = (path: string): Promise<string> => readFile(path, 'utf8')

const moduleText = async (name: string): Promise<string> => {
  if (!isSource) return text(join(compiled, `${name}.js`))
  const source = await text(join(compiled, `${name}.ts`))
  return stripTypeScriptTypes(source).replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'")
}

const chartFile = (name: string): Promise<string> =>
  text(join(dirname(createRequire(import.meta.url).resolve('uplot')), name))

/** The files by their paths. No other path exists, so no path leads out of the page. */
const FILES: Readonly<Record<string, () => Promise<Asset>>> = {
  'style.css': async () => ({ type: CSS, body: await text(join(root, 'page', 'style.css')) }),
  'uplot.css': async () => ({ type: CSS, body: await chartFile('uPlot.min.css') }),
  'uplot.js': async () => ({ type: JS, body: await chartFile('uPlot.iife.min.js') }),
  'icon.svg': async () => ({
    type: 'image/svg+xml',
    body: await text(join(root, 'page', 'icon.svg')),
  }),
  ...Object.fromEntries(
    MODULES.map((name) => [`${name}.js`, async () => ({ type: JS, body: await moduleText(name) })]),
  ),
}

/** The names of all files of the page. */
export const assetNames: readonly string[] = Object.keys(FILES)

/** A file of the page. Undefined: there is none of this name. */
export const assetOf = async (name: string): Promise<Asset | undefined> =>
  Object.hasOwn(FILES, name) ? FILES[name]?.() : undefined

/** The page itself. */
export const pageHtml = (): Promise<string> => text(join(root, 'page', 'index.html'))
