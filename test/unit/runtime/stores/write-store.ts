/**
 * Writes the store of the newest format: `format-N.jsonl`, or the file that is given.
 *
 *     npm exec -- node --conditions=millrace-source test/unit/runtime/stores/write-store.ts
 */
import { writeFileSync } from 'node:fs'
import { World } from '../harness.ts'
import { dumpWorld, textOf } from './store-dump.ts'
import { writeStory } from './store-story.ts'

const [, , format = '6'] = process.argv
const world = new World()
await writeStory({ hasTimes: Number(format) > 5 }, world)
const file = new URL(`format-${format}.jsonl`, import.meta.url)
writeFileSync(file, textOf(await dumpWorld(world)))
