/** Preloaded into a process of its own (`node --import`): plants the bug that MILLRACE_PLANTED_BUG names while the sources are loaded. */
import { registerHooks } from 'node:module'

import { plantedBugs } from './planted-bugs.ts'

const name = process.env['MILLRACE_PLANTED_BUG']
const bug = plantedBugs.find((planted) => planted.name === name)
if (bug === undefined) throw new Error(`MILLRACE_PLANTED_BUG is ${name}, which is no planted bug`)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const edits = bug.edits.filter(({ file }) => url.endsWith(`/${file}`))
    if (edits.length === 0) return loaded
    let source = String(loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source)
    for (const { file, find, replace } of edits) {
      if (source.split(find).length !== 2)
        throw new Error(`The bug "${bug.name}" does not fit ${file} any more: ${JSON.stringify(find)} does not stand in it once`)
      source = source.replace(find, () => replace)
    }
    return { ...loaded, source }
  },
})
