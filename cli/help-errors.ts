/** What `millrace help errors` says: the text of docs/errors.md, which is in the package. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { MillraceError } from '../lib/base/errors.ts'
import { meant } from './usage.ts'

const readPage = (): string => {
  const root = dirname(findPackageJSON(import.meta.url) as string)
  return readFileSync(join(root, 'docs', 'errors.md'), 'utf8')
}

const LINE_MAX = 90

/** The signs of Markdown mean nothing on a terminal. */
const plain = (text: string): string =>
  text.replaceAll(/\*\*|`/g, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')

/** The section of each code. */
const sections = (): ReadonlyMap<string, string> =>
  new Map(
    readPage()
      .split(/^## /m)
      .slice(1)
      .map((section): [string, string] => {
        const end = section.indexOf('\n')
        return [section.slice(0, end).trim(), plain(section.slice(end).trim())]
      }),
  )

/** What the first sentence of a section says. */
const firstLine = (section: string): string => {
  const sentence = section.slice('- Means '.length, section.search(/[.:](\s|$)/))
  const text = sentence.replaceAll(/\s+/g, ' ')
  return text.length <= LINE_MAX ? text : `${text.slice(0, text.lastIndexOf(' ', LINE_MAX))} ...`
}

/**
 * The help text of one error code, or the list of all.
 *
 * @throws MillraceError `USAGE` when there is no such code.
 */
export const errorHelp = (code: string | undefined): string => {
  const all = sections()
  if (code === undefined) {
    const list = [...all].map(([name, section]) => `  ${name}\n      ${firstLine(section)}`)
    return `Errors of Millrace. For one of them: millrace help errors CODE\n\n${list.join('\n')}\n`
  }
  const section = all.get(code.toUpperCase())
  if (section !== undefined) return `${code.toUpperCase()}\n\n${section}\n`
  throw new MillraceError('USAGE', {
    problem: 'There is no error with this code',
    value: code,
    allowed: 'a code of a message, such as BINDING_MISSING',
    fix: `${meant(code.toUpperCase(), [...all.keys()])}see all codes: millrace help errors`,
  })
}
