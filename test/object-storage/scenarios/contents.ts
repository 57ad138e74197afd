import { gzipSync, zstdCompressSync } from 'node:zlib'
import { batch, type Group, put } from '../scenario.ts'

const text = (line: string): Buffer => Buffer.from(`${line}\n`)

export const contents: Group = {
  title: 'Contents',
  scenarios: [
    {
      name: 'zero bytes',
      steps: [put('in/empty', { bytes: new Uint8Array(0), says: 'no bytes' }), put('in/a'), batch],
      expected: 'a',
    },
    {
      name: 'compressed, with its name and without',
      steps: [
        put('in/a.gz', { bytes: gzipSync(text('gzip')), says: 'gzip' }),
        put('in/b', { bytes: zstdCompressSync(text('zstd')), says: 'zstd' }),
        put('in/c.gz', { bytes: text('plain'), says: 'plain text' }),
        batch,
      ],
      expected: 'gzip, plain, zstd',
    },
    {
      name: 'cut off',
      steps: [
        put('in/a.gz', { bytes: gzipSync(text('lost')).subarray(0, -6), says: 'half of gzip' }),
        put('in/b'),
        batch,
      ],
      expected: 'b; dead letter OBJECT_CORRUPT',
    },
    {
      name: 'the same content under two names',
      steps: [put('in/a', { bytes: text('same') }), put('in/b', { bytes: text('same') }), batch],
      expected: 'same ×2',
    },
  ],
}
