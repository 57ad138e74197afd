/**
 * Preloaded into a separate process (`node --import`): plants the bug that MILLRACE_PLANTED_BUG
 * names while the sources are loaded.
 */
import { registerHooks } from 'node:module'

import { plantedBugs } from './planted-bugs.ts'

const name = process.env['MILLRACE_PLANTED_BUG']
const bug = plantedBugs.find((planted) => planted.name === name)
if (bug === undefined)
  throw new Error(`MILLRACE_PLANTED_BUG is ${name}, which is not a planted bug`)

/**
 * Finds a text in a source, regardless of how the formatter has broken its lines. Between two words
 * there may be any white space; elsewhere white space may be missing, like a comma before a
 * bracket.
 */
const anyLayout = (find: string): RegExp => {
  const tokens = find.match(/[\w$#]+|[^\s\w$#]/g) ?? []
  const escaped = tokens.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const isWord = (token = ''): boolean => /^[\w$#]/.test(token)
  const parts = escaped.map((token, index) => {
    const next = tokens[index + 1]
    if (next === undefined) return token
    if (isWord(tokens[index]) && isWord(next)) return `${token}\\s+`
    return /^[)\]}]$/.test(next) && tokens[index] !== ',' ? `${token}\\s*,?\\s*` : `${token}\\s*`
  })
  return new RegExp(`${parts.join('')}${find.endsWith('\n') ? '[ \\t]*\\n' : ''}`, 'g')
}

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const edits = bug.edits.filter(({ file }) => url.endsWith(`/${file}`))
    if (edits.length === 0) return loaded
    let source = String(
      loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source,
    )
    for (const { file, find, replace } of edits) {
      const places = [...source.matchAll(anyLayout(find))]
      const [place] = places
      if (place === undefined || places.length !== 1)
        throw new Error(
          `The bug "${bug.name}" does not fit ${file} any more: ${JSON.stringify(find)} ` +
            `it occurs ${places.length} times`,
        )
      source = source.slice(0, place.index) + replace + source.slice(place.index + place[0].length)
    }
    return { ...loaded, source }
  },
})
