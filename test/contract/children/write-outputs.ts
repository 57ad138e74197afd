/**
 * Writes one batch again and again below the root given, in the generation given and growing
 * epochs, and says each epoch once it is acknowledged.
 */
import { localFiles } from '../../../lib/adapters/local/local-files.ts'
import { fenceOf, writeBatch } from '../write-batch.ts'

const sink = localFiles({ root: process.argv[2] as string })
const batch = { path: 'out/batch', timeMs: 1_000 }
for (let epoch = 1; ; epoch++) {
  const parts = Array.from({ length: 1 + (epoch % 5) }, () => Buffer.from(String(epoch)))
  await writeBatch(sink, batch, fenceOf(Number(process.argv[3]), epoch), parts)
  process.stdout.write(`${epoch}\n`)
}
