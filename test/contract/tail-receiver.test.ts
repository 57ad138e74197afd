/** Files that grow, are renamed and cut, while the reader runs, stops and is killed. */
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { tailReceiver } from '../../lib/adapters/local/tail/tail-receiver.ts'
import type { RejectedRecord } from '../../lib/ports/receiver.ts'
import { Random } from '../../lib/testing/random.ts'

const POLL_MS = 2

/** A lane that keeps records with the mark of the reader, and a reader that may be killed. */
class Bed {
  readonly directory = mkdtempSync(join(tmpdir(), 'millrace-tail-'))
  readonly records: unknown[] = []
  readonly rejected: RejectedRecord[] = []
  readonly said: string[] = []
  /** The size of the largest delivery, in records. */
  most = 0
  feeder: string | undefined
  /** Called with each delivery: `lost` is not stored, and `unknown` is, but its answer is lost. */
  fate: () => 'stored' | 'lost' | 'unknown' = () => 'stored'
  readonly #pattern: string
  #stop = new AbortController()
  #ended: Promise<unknown> = Promise.resolve()

  constructor(pattern = 'log') {
    this.#pattern = pattern
    onTestFinished(async () => {
      await this.stop()
      rmSync(this.directory, { recursive: true })
    })
  }

  path(name = 'log'): string {
    return join(this.directory, name)
  }

  write(text: string | Uint8Array, name = 'log'): void {
    appendFileSync(this.path(name), text)
  }

  rename(to: string, from = 'log'): void {
    renameSync(this.path(from), this.path(to))
  }

  start(untilEnd = false): Promise<unknown> {
    this.#stop = new AbortController()
    const receiver = tailReceiver({
      path: this.path(this.#pattern),
      base: this.directory,
      pollMs: POLL_MS,
      lineBytesMax: 1_000_000,
    })
    const { feeder } = this
    const sink = {
      ...(feeder === undefined ? {} : { feeder }),
      store: async (delivery: Parameters<Parameters<typeof receiver.run>[0]['store']>[0]) => {
        const fate = this.fate()
        if (fate !== 'lost') {
          for (const record of delivery.records) this.records.push(record)
          this.rejected.push(...delivery.rejected)
          this.feeder = delivery.feeder
          this.most = Math.max(this.most, delivery.records.length)
        }
        if (fate !== 'stored') throw new Error('killed')
      },
      report: (message: string) => void this.said.push(message.replaceAll(this.directory, '')),
    }
    this.#ended = receiver.run(sink, { signal: this.#stop.signal, untilEnd }).catch(() => 'killed')
    return this.#ended
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  /** Runs to what is there now. */
  async once(): Promise<readonly unknown[]> {
    await this.start(true)
    return this.records
  }

  async read(count: number): Promise<void> {
    await expect.poll(() => this.records.length, { interval: POLL_MS }).toBe(count)
  }
}

interface Case {
  readonly what: string
  readonly pattern?: string
  readonly act: (bed: Bed) => Promise<unknown> | void
  readonly records: readonly string[]
  readonly says?: readonly RegExp[]
}

const cases: readonly Case[] = [
  { what: 'a file that is not there', act: () => {}, records: [], says: [/not there yet/] },
  { what: 'an empty file', act: (bed) => bed.write(''), records: [] },
  {
    what: 'all lines, whatever their age',
    act: (bed) => bed.write('a\nb\r\n'),
    records: ['a', 'b'],
  },
  {
    what: 'a last line without an end waits',
    act: async (bed) => {
      bed.write('a\nbeg')
      await bed.once()
      bed.write('un\n')
    },
    records: ['a', 'begun'],
    says: [/3 bytes without a line end/],
  },
  {
    what: 'a \\r at the end waits for its \\n',
    act: async (bed) => {
      bed.write('a\r')
      await bed.once()
      bed.write('\nb\rc\n')
    },
    records: ['a', 'b', 'c'],
    says: [/2 bytes without a line end/],
  },
  {
    what: 'half a character waits for the other half',
    act: async (bed) => {
      bed.write(Buffer.from('ä\n').subarray(0, 1))
      await bed.once()
      bed.write(Buffer.from('ä\n').subarray(1))
    },
    records: ['ä'],
    says: [/1 bytes without a line end/],
  },
  {
    what: 'a byte order mark counts only at the beginning',
    act: async (bed) => {
      bed.write('\uFEFFa\n')
      await bed.once()
      bed.write('\uFEFFb\n')
    },
    records: ['a', '\uFEFFb'],
  },
  {
    what: 'renamed while it runs: the old one to its end, then the new one',
    act: async (bed) => {
      bed.write('a\n')
      void bed.start()
      await bed.read(1)
      bed.rename('log.1')
      bed.write('b\n', 'log.1')
      bed.write('c\n')
      await bed.read(3)
    },
    records: ['a', 'b', 'c'],
  },
  {
    what: 'renamed while nothing runs: found by its inode',
    act: async (bed) => {
      bed.write('a\n')
      await bed.once()
      bed.write('b\n')
      bed.rename('log.1')
      bed.write('c\n')
    },
    records: ['a', 'b', 'c'],
    says: [/log is now \/log\.1/],
  },
  ...['', 'a'].map((begun): Case => ({
    what: `renamed while nothing runs, before a line of "${begun}" was stored`,
    act: async (bed) => {
      bed.write(begun)
      await bed.once()
      bed.write(begun === '' ? 'a\n' : '\n')
      bed.rename('log.1')
      bed.write('c\n')
    },
    records: ['a', 'c'],
    says: [...(begun === '' ? [] : [/waits for the end of a line/]), /log is now \/log\.1/],
  })),
  {
    what: 'an empty file that got a name of its own is not followed: its inode may be used again',
    act: async (bed) => {
      bed.write('')
      await bed.once()
      bed.write('secret\n')
      bed.rename('other.db')
      bed.write('c\n')
    },
    records: ['c'],
    says: [/was replaced or removed while nothing ran/],
  },
  {
    what: 'renamed twice while nothing runs: the first is found, and what is between is not',
    act: async (bed) => {
      bed.write('a\n')
      await bed.once()
      bed.write('b\n')
      bed.rename('log.2')
      bed.write('between\n')
      bed.rename('log.1')
      bed.write('c\n')
    },
    records: ['a', 'b', 'c'],
    says: [/log is now \/log\.2/],
  },
  {
    what: 'removed while nothing runs',
    act: async (bed) => {
      bed.write('a\n')
      await bed.once()
      bed.write('keeps its inode\n', 'other')
      rmSync(bed.path())
    },
    records: ['a'],
    says: [/removed while nothing ran.* after byte 2, if it had any/s, /not there yet/],
  },
  {
    what: 'removed while it runs: read to its end',
    act: async (bed) => {
      bed.write('a\n')
      void bed.start()
      await bed.read(1)
      rmSync(bed.path())
      bed.write('b\n')
      await bed.read(2)
    },
    records: ['a', 'b'],
    says: [/removed while nothing ran/],
  },
  {
    what: 'cut while it runs',
    act: async (bed) => {
      bed.write('a\nb\n')
      void bed.start()
      await bed.read(2)
      truncateSync(bed.path())
      bed.write('c\n')
      await bed.read(3)
    },
    records: ['a', 'b', 'c'],
    says: [/cut or written anew after 4 bytes/],
  },
  {
    what: 'cut while nothing runs, and shorter',
    act: async (bed) => {
      bed.write('a\nb\n')
      await bed.once()
      writeFileSync(bed.path(), 'c\n')
    },
    records: ['a', 'b', 'c'],
    says: [/cut or replaced while nothing ran/],
  },
  {
    what: 'cut while nothing runs, and longer: known by its first bytes',
    act: async (bed) => {
      bed.write('a\nb\n')
      await bed.once()
      writeFileSync(bed.path(), 'c\nd\ne\n')
    },
    records: ['a', 'b', 'c', 'd', 'e'],
    says: [/cut or replaced while nothing ran/],
  },
  {
    what: 'a pattern: each file, also later ones, but none that is compressed',
    pattern: '*.log*',
    act: async (bed) => {
      bed.write('a\n', 'a.log')
      bed.write('z\n', 'z.log.gz')
      await bed.once()
      bed.write('b\n', 'b.log')
      bed.write('c\n', 'other')
    },
    records: ['a', 'b'],
    says: [/compressed files never grow.*z\.log\.gz/, /compressed/],
  },
  {
    what: 'a pattern that matches the new name too: nothing comes twice',
    pattern: 'log*',
    act: async (bed) => {
      bed.write('a\n')
      await bed.once()
      bed.rename('log.1')
      bed.write('b\n', 'log.1')
      bed.write('c\n')
    },
    records: ['a', 'b', 'c'],
    says: [/log is now/],
  },
  {
    what: 'a path that is bound again goes on where it was',
    act: async (bed) => {
      bed.write('a\n')
      await bed.once()
      const other = new Bed('other')
      other.feeder = bed.feeder
      other.write('x\n', 'other')
      await other.once()
      bed.feeder = other.feeder
      bed.write('b\n')
    },
    records: ['a', 'b'],
  },
]

describe('a file that is followed', () => {
  test.each(cases)('$what', async ({ pattern, act, records, says = [] }) => {
    const bed = new Bed(pattern)
    await act(bed)
    await bed.stop()
    expect(await bed.once()).toEqual(records)
    expect(bed.said).toEqual(says.map((text) => expect.stringMatching(text) as string))
  })

  test('bad lines are put aside, also one that is never held in memory', async () => {
    const bed = new Bed()
    bed.write('a\n')
    bed.write(Buffer.from([0xff, 0x0a]))
    bed.write('b\n')
    for (let part = 0; part < 30; part++) bed.write(Buffer.alloc(100_000, 'x'))
    bed.write('\r\nc\n')
    expect(await bed.once()).toEqual(['a', 'b', 'c'])
    expect(bed.rejected).toMatchObject([
      { code: 'LINE_NOT_UTF8', index: 1 },
      { code: 'LINE_TOO_LONG', sizeBytes: 3_000_000 },
    ])
    expect(bed.rejected[1]?.data).toHaveLength(1_000)
  })

  test('the records of a delivery are bounded, however short they are', async () => {
    const bed = new Bed()
    bed.write('\n'.repeat(300_000))
    expect(await bed.once()).toHaveLength(300_000)
    expect(bed.most).toBeLessThan(20_000)
  })
})

/** The whole lines of a text, by a plain loop. */
const wholeLines = (bytes: Buffer): readonly string[] => {
  const lines: string[] = []
  let from = 0
  for (let at = 0; at < bytes.length; at++) {
    const [byte, next] = [bytes[at], bytes[at + 1]]
    if (byte !== 0x0a && (byte !== 0x0d || next === undefined)) continue
    lines.push(bytes.subarray(from, at).toString())
    if (byte === 0x0d && next === 0x0a) at++
    from = at + 1
  }
  return lines
}

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed)

test.each(SEEDS)(
  'every whole line once and in order: seed %i',
  { timeout: 60_000 },
  async (seed) => {
    const random = new Random(seed)
    const bed = new Bed()
    /** What the files held, one after another. The last is the file as it is now. */
    const contents: Buffer[] = [Buffer.alloc(0)]
    const expected = (): readonly string[] => contents.flatMap(wholeLines)
    let line = 0
    let isKnown = false
    let isRunning = false
    const caughtUp = (): Promise<void> => bed.read(expected().length)
    const start = async (): Promise<void> => {
      isRunning = true
      bed.fate = () => 'stored'
      void bed.start()
      await caughtUp()
      noteKnown()
    }
    /** The mark of a file is stored with its first line. */
    const noteKnown = (): void => {
      isKnown = wholeLines(contents.at(-1) as Buffer).length > 0
    }
    const append = (): void => {
      const texts = Array.from({ length: random.between(1, 30) }, () => {
        const end = ['\n', '\r\n', '\r'][random.between(0, 2)] as string
        return `${'ä€😀'.repeat(random.between(0, 40))}${line++}${end}`
      })
      const bytes = Buffer.from(texts.join(''))
      let end = random.between(1, bytes.length)
      // A later text would make half a character invalid. The parts do cut characters.
      while (((bytes[end] ?? 0) & 0xc0) === 0x80) end++
      const cut = bytes.subarray(0, end)
      for (let at = 0; at < cut.length;) {
        const part = cut.subarray(at, at + random.between(1, 200))
        bed.write(part)
        at += part.length
      }
      contents.push(Buffer.concat([contents.pop() as Buffer, cut]))
    }
    bed.write('')
    for (let step = 0; step < 60; step++) {
      const choice = random.between(0, 9)
      if (choice <= 4) {
        append()
        if (isRunning) await caughtUp().then(noteKnown)
      } else if (choice === 5 && isKnown) {
        bed.rename(`log.${step}`)
        bed.write('')
        contents.push(Buffer.alloc(0))
        isKnown = false
        // A file that is renamed before anybody has seen it is not known by its inode.
        if (isRunning) {
          append()
          await caughtUp()
          noteKnown()
        }
      } else if (choice === 6 && isRunning) {
        await caughtUp()
        truncateSync(bed.path())
        contents.push(Buffer.alloc(0))
        isKnown = false
        await pause(10 * POLL_MS)
      } else if (choice === 7 && isRunning) {
        bed.fate = () => random.pick(['lost', 'unknown'] as const)
        append()
        await pause(random.between(0, 3 * POLL_MS))
        await bed.stop()
        isRunning = false
      } else if (!isRunning) await start()
      else await pause(random.between(0, 5))
    }
    await bed.stop()
    bed.fate = () => 'stored'
    expect(await bed.once()).toEqual(expected())
  },
)

describe('a renamed file is kept until it is read and has been quiet', () => {
  /** A clock that is put forward, as if time passed. */
  const clock = () => {
    const now = Date.now
    let aheadMs = 0
    const spy = vi.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs)
    onTestFinished(() => {
      spy.mockRestore()
    })
    return (ms: number) => (aheadMs += ms)
  }

  test('however long it takes to store its lines', async () => {
    const pass = clock()
    const bed = new Bed()
    const lines = Array.from({ length: 400_000 }, (_, index) => `line ${index}`)
    bed.write(`${lines.join('\n')}\n`)
    let deliveries = 0
    bed.fate = () => {
      if (deliveries++ === 0) {
        bed.rename('log.1')
        bed.write('new\n')
      }
      pass(70_000)
      return 'stored'
    }
    void bed.start()
    await bed.read(lines.length + 1)
    expect(bed.records).toEqual([...lines, 'new'])
    expect(bed.said).toEqual([])
  })

  test('while its writer goes on', async () => {
    const pass = clock()
    const bed = new Bed()
    bed.write('one\n')
    void bed.start()
    await bed.read(1)
    bed.rename('log.1')
    bed.write('new\n')
    await bed.read(2)
    for (const count of [3, 4, 5, 6]) {
      pass(30_000)
      bed.write(`late ${count}\n`, 'log.1')
      await bed.read(count)
    }
    expect(bed.said).toEqual([])
  })
})
