/** A process that starts, loads a bundle, and handles one event: says when it had loaded and when it was done, in milliseconds from its start. */
import { argv } from 'node:process'
import { readFileSync } from 'node:fs'

const [, , bundle, eventFile] = argv
const write = console.log
// What functions log is not what is asked for.
console.log = () => undefined
const { handler } = await import(bundle)
const loadedMs = performance.now()
await handler(JSON.parse(readFileSync(eventFile, 'utf8')), { getRemainingTimeInMillis: () => 60_000 })
write(JSON.stringify({ loadedMs, doneMs: performance.now() }))
process.exit(0)
