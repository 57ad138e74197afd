/**
 * A process that starts, loads a bundle, and handles one event: says when it had loaded and when it
 * was done, in milliseconds from its start.
 */
import { readFileSync, writeSync } from 'node:fs'

type Handler = (
  event: unknown,
  context: { readonly getRemainingTimeInMillis: () => number },
) => Promise<void>

const [, , bundle = '', eventFile = ''] = process.argv
// What functions log is not what is asked for.
process.stdout.write = () => true
const { handler } = (await import(bundle)) as { readonly handler: Handler }
const loadedMs = performance.now()
await handler(JSON.parse(readFileSync(eventFile, 'utf8')), {
  getRemainingTimeInMillis: () => 60_000,
})
writeSync(1, JSON.stringify({ loadedMs, doneMs: performance.now() }))
process.exit(0)
