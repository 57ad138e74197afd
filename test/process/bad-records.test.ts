import { createWriteStream, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Ended, eventsIn, millrace, millraceAlone, pipelinePath } from './millrace.ts'
import { bound, directoryWith } from './refusals.ts'

describe('bad records', () => {
  const picky = ['run', pipelinePath('picky'), '--once', ...bound]
  const saved = (directory: string): readonly string[] =>
    readdirSync(join(directory, 'out')).flatMap((name) =>
      readFileSync(join(directory, 'out', name, 'part-00000'), 'utf8')
        .split('\n')
        .slice(0, -1),
    )
  const deadLettersOf = async (directory: string): Promise<unknown> =>
    (
      JSON.parse((await millrace(directory, 'status', '--state', 'state', '--json')).stdout) as {
        readonly deadLetters: unknown
      }
    ).deadLetters

  test(
    'puts aside a line that is not UTF-8, and a record on which a function throws',
    { timeout: 60_000 },
    async () => {
      const directory = directoryWith({
        'in/a.txt': Buffer.from('good\ncaf\xe9\nbad one\nlast\n', 'latin1'),
      })
      const ended = await millrace(directory, ...picky)
      expect(ended.exitCode).toBe(0)
      expect(saved(directory)).toEqual(['4 good', '4 last'])
      expect(ended.stderr).toContain('lines a.txt@5: The line is not valid UTF-8 [LINE_NOT_UTF8]')
      expect(ended.stderr).toContain(
        'lines a.txt#2: TypeError: not this one: bad one [USER_FUNCTION_FAILED]',
      )
      expect(ended.stdout).toContain('2 dead letters')
      expect(await deadLettersOf(directory)).toMatchObject({
        count: 2,
        byCode: { LINE_NOT_UTF8: 1, USER_FUNCTION_FAILED: 1 },
        some: [{ at: 'textFileStream-1#a.txt#2' }, { at: 'textFileStream-1#a.txt@5' }],
      })
    },
  )

  test('many bad records fail the batch, and none is put aside', { timeout: 60_000 }, async () => {
    const directory = directoryWith({ 'in/a.txt': 'bad\n'.repeat(150) })
    const ended = await millrace(directory, ...picky)
    expect(ended).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('POISON_BREAKER') as string,
    })
    expect(await deadLettersOf(directory)).toMatchObject({ count: 0 })
  })

  const LONG_BYTES = 100 * 1024 * 1024
  const memoryOf = ({ stdout }: Ended): number =>
    Math.max(...[...stdout.matchAll(/memory (\d+) KiB/g)].map(([, kib]) => Number(kib) * 1024))

  test(
    'a line of 100 MB in a file is put aside, with memory of a few times its size',
    { timeout: 60_000 },
    async () => {
      const directory = directoryWith()
      const file = createWriteStream(join(directory, 'in', 'long.txt'))
      for (let written = 0; written < LONG_BYTES; written += 1024 * 1024)
        file.write(Buffer.alloc(1024 * 1024, 'x'))
      file.end('\nafter\n')
      await once(file, 'close')
      const ended = await millraceAlone(
        directory,
        'run',
        pipelinePath('memory'),
        '--once',
        '--bind',
        'lines=in',
        '--state',
        'state',
      )
      expect(ended.exitCode).toBe(0)
      expect(ended.stderr).toContain(
        `lines long.txt@0: The line has ${LONG_BYTES} bytes, which is over the limit ` +
          '[LINE_TOO_LONG]',
      )
      expect(ended.stdout).toContain('\nafter\n')
      expect(memoryOf(ended)).toBeLessThan(3.5 * LONG_BYTES)
    },
  )

  test(
    'a line of 100 MB from a socket is put aside while it arrives',
    { timeout: 60_000 },
    async () => {
      const directory = directoryWith()
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.write('before\n')
        for (let written = 0; written < LONG_BYTES; written += 1024 * 1024)
          socket.write(Buffer.alloc(1024 * 1024, 'x'))
        socket.end('\nafter\n')
      })
      onTestFinished(() => void server.close())
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const ended = await millraceAlone(
        directory,
        'run',
        pipelinePath('memory'),
        '--once',
        '--bind',
        `lines=socket://127.0.0.1:${port}`,
        '--state',
        'state',
      )
      expect(ended.exitCode).toBe(0)
      expect(ended.stderr).toContain(
        `lines receiver#2: The line has ${LONG_BYTES} bytes, which is over the limit ` +
          '[LINE_TOO_LONG]',
      )
      expect(ended.stdout).toContain('\nafter\n')
      expect(memoryOf(ended)).toBeLessThan(3 * LONG_BYTES)
    },
  )
})

test('keys of every kind count, also after a restart', { timeout: 60_000 }, async () => {
  const directory = directoryWith({
    'in/a': 'plain\nproto\nconstructor\narray\nlone\nother\nempty\n',
  })
  const run = [
    'run',
    pipelinePath('odd-keys'),
    '--once',
    '--bind',
    'lines=in',
    '--state',
    'state',
    '--json',
  ]
  await millrace(directory, ...run)
  writeFileSync(join(directory, 'in', 'b'), 'proto\narray\nlone\nlone\n')
  const { exitCode, stdout } = await millrace(directory, ...run)
  expect(exitCode).toBe(0)
  const printed = eventsIn(stdout).findLast(({ event }) => event === 'print')?.['text'] as string
  const lines = printed.split('\n').filter((line) => line.startsWith('['))
  expect(lines.toSorted()).toEqual([
    String.raw`["",1]`,
    String.raw`["\ud800",3]`,
    String.raw`["\ud801",1]`,
    String.raw`["__proto__",2]`,
    String.raw`["constructor",1]`,
    String.raw`["plain",1]`,
    String.raw`[["a",1],2]`,
  ])
})
