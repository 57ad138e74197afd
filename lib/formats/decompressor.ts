/**
 * Decompresses data in steps: some bytes in, a piece of content out, and nothing waits. So a file
 * of any size is decompressed in little memory.
 *
 * Node has no public function for this. Its synchronous functions give the whole content at once.
 * Its streams answer from another thread, so the simulator would not see the same order of events
 * as production. So this drives the engine of a stream. `canDecompressInSteps` tries that out: a
 * version of Node with another engine reads compressed files whole.
 */
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import type { Compression, FileLabels } from './compression.ts'
import { undecodable } from './file-errors.ts'

/** One step writes here. Pieces are copies: most are smaller, and new memory is not free. */
const ROOM = Buffer.allocUnsafeSlow(256 * 1024)

/** Where to read, and where to write. */
type Transfer = readonly [
  ...from: [from: Uint8Array, at: number, bytes: number],
  ...to: [to: Uint8Array, at: number, bytes: number],
]

/** What a stream of `node:zlib` has inside. */
interface Engine {
  readonly _handle: {
    onerror: (message: string, errno: number, code: string) => void
    /** Decompresses. Then the state says how much room is left, and how much input. */
    readonly writeSync: (flush: number, ...transfer: Transfer) => void
  }
  readonly _writeState: Uint32Array
  close(): void
}

const OPEN: Readonly<Record<Compression, () => unknown>> = {
  gzip: createGunzip,
  zstd: createZstdDecompress,
}

const FLUSH: Readonly<Record<Compression, { readonly more: number; readonly end: number }>> = {
  gzip: { more: constants.Z_NO_FLUSH, end: constants.Z_FINISH },
  zstd: { more: constants.ZSTD_e_continue, end: constants.ZSTD_e_end },
}

/** Decompresses one file: all members of gzip data, all frames of zstd data. */
export class Decompressor {
  readonly #file: FileLabels
  readonly #compression: Compression
  readonly #engine: Engine
  #failure: Error | undefined

  constructor(compression: Compression, file: FileLabels) {
    this.#file = file
    this.#compression = compression
    this.#engine = OPEN[compression]() as Engine
    this.#engine._handle.onerror = (message, _, code) =>
      void (this.#failure = Object.assign(new Error(message), { code }))
  }

  /**
   * The content of some more bytes.
   *
   * @throws MillraceError `OBJECT_CORRUPT` while it is iterated.
   */
  push(bytes: Uint8Array): Generator<Buffer> {
    return this.#run(bytes, FLUSH[this.#compression].more)
  }

  /**
   * The rest of the content, when all bytes were pushed.
   *
   * @throws MillraceError `OBJECT_CORRUPT` if the data is cut off.
   */
  end(): Generator<Buffer> {
    return this.#run(new Uint8Array(), FLUSH[this.#compression].end)
  }

  /** Frees the memory of the engine. */
  close(): void {
    this.#engine.close()
  }

  *#run(bytes: Uint8Array, flush: number): Generator<Buffer> {
    let left = bytes
    for (;;) {
      const { used, made } = this.#step(left, flush)
      left = left.subarray(used)
      if (made > 0) yield Buffer.from(ROOM.subarray(0, made))
      else if (used === 0) {
        // The end of a member, before other bytes. Zero bytes may be padding.
        const next = left.findIndex((byte) => byte !== 0)
        if (next === -1) return
        if (next === 0) throw undecodable(this.#file, this.#compression, undefined)
        left = left.subarray(next)
      }
      if (left.length === 0 && made < ROOM.length) return
    }
  }

  #step(from: Uint8Array, flush: number): { readonly used: number; readonly made: number } {
    const { _handle: handle, _writeState: state } = this.#engine
    handle.writeSync(flush, from, 0, from.length, ROOM, 0, ROOM.length)
    if (this.#failure !== undefined) throw undecodable(this.#file, this.#compression, this.#failure)
    const [room = 0, unused = 0] = state
    return { used: from.length - unused, made: ROOM.length - room }
  }
}

/** Data of each compression, whose content is `ok`. */
const SAMPLES: readonly (readonly [Compression, string])[] = [
  ['gzip', '1f8b0800000000000003cbcf0600' + '47dddc7902000000'],
  ['zstd', '28b52ffd2002110000' + '6f6b'],
]

const decompresses = (compression: Compression, data: Buffer): boolean => {
  const decompressor = new Decompressor(compression, { name: 'sample' })
  const halves = [data.subarray(0, 5), data.subarray(5)]
  const content = [...halves.flatMap((half) => [...decompressor.push(half)]), ...decompressor.end()]
  decompressor.close()
  return Buffer.concat(content).equals(Buffer.from('ok'))
}

const isRefused = (compression: Compression, data: Buffer): boolean => {
  try {
    return !decompresses(compression, data)
  } catch {
    return true
  }
}

let canDecompress: boolean | undefined

/** Whether this version of Node decompresses in steps, and sees that data is cut off. */
export const canDecompressInSteps = (): boolean => {
  canDecompress ??= SAMPLES.every(([compression, hex]) => {
    const data = Buffer.from(hex, 'hex')
    try {
      return decompresses(compression, data) && isRefused(compression, data.subarray(0, -1))
    } catch {
      return false
    }
  })
  return canDecompress
}
