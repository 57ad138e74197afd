/**
 * Preloaded into a separate process (`node --import`): plants the bug that MILLRACE_PLANTED_BUG
 * names while the sources are loaded.
 */
import { registerHooks } from 'node:module'

import { withBug } from './edits.ts'
import { plantedBugs } from './planted-bugs.ts'

const name = process.env['MILLRACE_PLANTED_BUG']
const bug = plantedBugs.find((planted) => planted.name === name)
if (bug === undefined)
  throw new Error(`MILLRACE_PLANTED_BUG is ${name}, which is not a planted bug`)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const edit = bug.edits.find(({ file }) => url.endsWith(`/${file}`))
    if (edit === undefined) return loaded
    const source = String(
      loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source,
    )
    return { ...loaded, source: withBug(bug, edit.file, source) }
  },
})
