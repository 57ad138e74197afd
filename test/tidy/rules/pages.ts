/** Rules about the pages of the docs: their links, their order, their width. */
import { posix } from 'node:path'
import { type Findings } from '../source.ts'
import type { Documents } from './documents.ts'

/** A line of a page, from 1. */
interface Line {
  readonly number: number
  readonly text: string
  /** It is part of a block of code. */
  readonly isCode: boolean
}

const linesOf = (page: string): readonly Line[] => {
  let isCode = false
  return page.split('\n').map((text, index) => {
    const isFence = text.trimStart().startsWith('```')
    if (isFence) isCode = !isCode
    return { number: index + 1, text, isCode: isCode || isFence }
  })
}

/** The page with its code blanked out, character by character, so that places stay. */
const proseOf = (page: string): string =>
  linesOf(page)
    .map(({ text, isCode }) => (isCode ? '' : text))
    .join('\n')
    .replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/[^\n]/g, ' '))

const NAMED_TEST = /^\|[^|]*\| `(test\/[\w./-]+\.ts)`: (.+?) \|$/

/** Tests that tables of pages name, and that are not there. `textOf`: undefined for no file. */
export const missingTests = (
  documents: Documents,
  textOf: (path: string) => string | undefined,
): Findings =>
  [...documents].flatMap(([page, text]) =>
    linesOf(text).flatMap((line) => {
      const [, path, name] = NAMED_TEST.exec(line.text) ?? []
      if (path === undefined || name === undefined) return []
      return textOf(path)?.includes(name) === true
        ? []
        : [`${page}:${line.number} names a test that is not in ${path}`]
    }),
  )

/** The anchor of a heading, as repositories on the web make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-')

const anchorsOf = (page: string): ReadonlySet<string> => {
  const seen = new Map<string, number>()
  const headings = linesOf(page).flatMap(({ text, isCode }) => {
    const [, heading] = isCode ? [] : (/^#{1,6} +(.*)$/.exec(text) ?? [])
    return heading === undefined ? [] : [anchorOf(heading)]
  })
  return new Set(
    headings.map((anchor) => {
      const count = seen.get(anchor) ?? 0
      seen.set(anchor, count + 1)
      return count === 0 ? anchor : `${anchor}-${count}`
    }),
  )
}

/** A link of a page to a file of the project. */
interface Link {
  readonly line: number
  /** The path of the file, from the root of the project. */
  readonly path: string
  readonly anchor: string | undefined
}

const linksOf = (from: string, page: string): readonly Link[] => {
  const prose = proseOf(page)
  return [...prose.matchAll(/\]\((?<target>[^()\s]+)\)/g)].flatMap(({ groups, index }) => {
    const target = groups?.['target'] ?? ''
    if (/^[a-z][a-z+.-]*:/i.test(target)) return []
    const [file = '', anchor] = target.split('#')
    return [
      {
        line: prose.slice(0, index).split('\n').length,
        path: file === '' ? from : posix.join(posix.dirname(from), file),
        anchor,
      },
    ]
  })
}

/** Every link leads to a file that is there, and to a heading of it. */
export const deadLinks = (documents: Documents, exists: (path: string) => boolean): Findings =>
  [...documents].flatMap(([from, page]) =>
    linksOf(from, page).flatMap(({ line, path, anchor }) => {
      if (!documents.has(path) && !exists(path)) return [`${from}:${line} there is no ${path}`]
      const target = documents.get(path)
      return anchor === undefined || (target !== undefined && anchorsOf(target).has(anchor))
        ? []
        : [`${from}:${line} ${path} has no heading #${anchor}`]
    }),
  )

/** Every page below a folder can be reached from a page, by links. */
export const unreachablePages = (documents: Documents, start: string, folder: string): Findings => {
  const reached = new Set<string>()
  const open = [start]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const page = documents.get(path)
    if (page === undefined || reached.has(path)) continue
    reached.add(path)
    open.push(...linksOf(path, page).map((link) => link.path))
  }
  return [...documents.keys()]
    .filter((path) => path.startsWith(folder) && !reached.has(path))
    .map((path) => `${path} cannot be reached from ${start}`)
}

const COLUMNS_MAX = 100

/** A row of a table is one line. So is what has no space to break it at, such as an address. */
const canBeBroken = (text: string): boolean =>
  !text.trimStart().startsWith('|') &&
  /\S\s+\S/.test(text.replace(/^\s*([-*]|\d+\.)?\s*/, '').slice(0, COLUMNS_MAX))

/** Pages are at most 100 columns wide. */
export const wideLines = (documents: Documents): Findings =>
  [...documents].flatMap(([path, page]) =>
    linesOf(page)
      .filter(({ text }) => text.length > COLUMNS_MAX && canBeBroken(text))
      .map(({ number, text }) => `${path}:${number} has ${text.length} columns`),
  )

const SECTIONS = ['Context', 'Decision', 'Consequences']

/**
 * Decisions have numbers without gaps, the same sections, and a line in the index, under the title
 * of their page.
 */
export const decisionBreaches = (folder: string, documents: Documents): Findings => {
  const index = documents.get(`${folder}/README.md`) ?? ''
  const listed = [...index.replaceAll(/\n +/g, ' ').matchAll(/^(\d+)\. \[(.*)\]\((\S+)\)$/gm)].map(
    ([, number = '', title = '', file = '']) => ({ number: Number(number), title, file }),
  )
  const files = [...documents.keys()]
    .filter((path) => posix.dirname(path) === folder && posix.basename(path) !== 'README.md')
    .toSorted()
  const found = files.flatMap((path, at) => {
    const page = documents.get(path) ?? ''
    const number = at + 1
    const [, title = ''] = new RegExp(`^# ${number}\\. (.*)\n`).exec(page) ?? []
    const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, section]) => section)
    const isListed = listed.some(
      (one) => one.number === number && one.title === title && `${folder}/${one.file}` === path,
    )
    return [
      ...(posix.basename(path).startsWith(`${String(number).padStart(4, '0')}-`) && title !== ''
        ? []
        : [`${path} is not decision ${number} by its name and its title`]),
      ...(sections.join() === SECTIONS.join()
        ? []
        : [`${path} has the sections ${sections.join(', ')}, not ${SECTIONS.join(', ')}`]),
      ...(isListed ? [] : [`${path} is not in the index under its number and title`]),
    ]
  })
  return listed.length === files.length
    ? found
    : [...found, `${folder}/README.md lists ${listed.length} of ${files.length} decisions`]
}
