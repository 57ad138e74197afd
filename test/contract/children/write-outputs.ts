/** Writes one output again and again under the root given, in the generation given and growing epochs, and says each epoch once it is acknowledged. */
import { localOutputFiles } from '../../../lib/adapters/local/local-output-files.ts'

const output = localOutputFiles({ root: process.argv[2] as string })
for (let epoch = 1; ; epoch++) {
  const part = Buffer.from(String(epoch))
  await output.writeParts(
    'out/batch',
    Array.from({ length: 1 + (epoch % 5) }, () => part),
    { app: 'app', generation: Number(process.argv[3]), epoch },
  )
  process.stdout.write(`${epoch}\n`)
}
