/**
 * A process that loads a bundle and handles one event. It prints when the bundle was loaded and
 * when the event was done, in milliseconds since the start of the process.
 */
import { readFileSync, writeSync } from 'node:fs'

type Handler = (
  event: unknown,
  context: { readonly getRemainingTimeInMillis: () => number },
) => Promise<void>

const [, , bundle = '', eventFile = ''] = process.argv
// Suppresses the logs of the function.
process.stdout.write = () => true
const { handler } = (await import(bundle)) as { readonly handler: Handler }
const loadedMs = performance.now()
await handler(JSON.parse(readFileSync(eventFile, 'utf8')), {
  getRemainingTimeInMillis: () => 60_000,
})
writeSync(1, JSON.stringify({ loadedMs, doneMs: performance.now() }))
process.exit(0)
