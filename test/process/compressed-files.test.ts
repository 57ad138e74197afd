import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Ended, millrace, millraceAlone, pipelinePath } from './millrace.ts'
import { bound, directoryWith } from './refusals.ts'

const MIB = 1024 * 1024
const LIMIT_BYTES = 100 * MIB

const run = (directory: string, name: string): Promise<Ended> =>
  millraceAlone(directory, 'run', pipelinePath(name), '--once', ...bound)

const saved = (directory: string): readonly string[] =>
  readdirSync(join(directory, 'out'), { recursive: true, encoding: 'utf8' })
    .filter((path) => basename(path).startsWith('part-'))
    .flatMap((path) =>
      readFileSync(join(directory, 'out', path), 'utf8')
        .split('\n')
        .slice(0, -1),
    )

const memoryOf = ({ stdout }: Ended): number =>
  Math.max(...[...stdout.matchAll(/memory (\d+) KiB/g)].map(([, kib]) => Number(kib) * 1024))

const times = (part: Uint8Array, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => part))

const ZEROS = Buffer.alloc(64 * MIB)

test.each([
  ['1 GB of zeros in members of gzip', times(gzipSync(ZEROS), 16)],
  ['1 GB of zeros in frames of zstd', times(zstdCompressSync(ZEROS), 16)],
  ['256 MB of zeros in one member', gzipSync(times(ZEROS, 4))],
])(
  '%s are put aside whole, with memory of a few times the limit',
  { timeout: 60_000 },
  async (_, bytes) => {
    const directory = directoryWith({ 'in/bomb.gz': bytes, 'in/good.txt': 'good\n' })
    const ended = await run(directory, 'small-files')
    expect(ended).toMatchObject({ exitCode: 0 })
    expect(ended.stderr).toContain('bomb.gz')
    expect(ended.stderr).toMatch(/bomb\.gz.*OBJECT_TOO_LARGE/)
    expect(saved(directory)).toEqual(['good'])
    expect(memoryOf(ended)).toBeLessThan(2 * LIMIT_BYTES + 200 * MIB)
  },
)

test(
  'a file that was put aside whole is read when the limit allows it and it is redriven',
  { timeout: 60_000 },
  async () => {
    const text = Buffer.alloc(LIMIT_BYTES + MIB, `${'x'.repeat(MIB - 1)}\n`)
    const directory = directoryWith({
      'in/large.gz': gzipSync(text),
      'in/cut.gz': gzipSync('never counted\n').subarray(0, 20),
    })
    await run(directory, 'small-files')
    const listed = await millrace(directory, 'dead-letters', '--state', 'state', '--json')
    const deadLetters = listed.stdout.trim().split('\n')
    expect(deadLetters.map((line) => JSON.parse(line) as object)).toMatchObject([
      { code: 'OBJECT_CORRUPT', file: { key: 'cut.gz', sizeBytes: 20 }, redrivable: true },
      { code: 'OBJECT_TOO_LARGE', file: { key: 'large.gz' }, redrivable: true },
    ])
    expect((await millrace(directory, 'redrive', '--state', 'state')).stdout).toContain('2 records')
    expect(await run(directory, 'all-files')).toMatchObject({ exitCode: 0 })
    expect(saved(directory)).toHaveLength(101)
    const after = await millrace(directory, 'dead-letters', '--state', 'state')
    expect(after.stdout).toContain('OBJECT_CORRUPT')
    expect(after.stdout).toContain('1 dead letter ')
  },
)
