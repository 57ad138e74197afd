/** One file that grows, read by offset. The open file stays the same when it gets another name. */
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import {
  BYTE_ORDER_MARK,
  CR,
  lineEnds,
  LineCollector,
  LINE_BYTES_MAX,
  REJECTED_BYTES_MAX,
  splitInto,
  type SplitLines,
} from '../../../formats/text-lines.ts'

/** Where the reading of a file goes on. */
export interface FileMark {
  /** Its last name among those that are followed. */
  readonly path: string
  /** The device and the inode. Both may be used again for another file. */
  readonly id: string
  /** The bytes that are read. They end with a line. */
  readonly offset: number
  /** The length of the first bytes that `hash` knows the file by. */
  readonly head: number
  readonly hash: string
}

/** Lines that were read, and how many bytes they have. */
export interface Taken extends SplitLines {
  readonly sizeBytes: number
}

const HEAD_BYTES_MAX = 1024
/** The bytes that are read in one call. */
const READ_BYTES = 256 * 1024
/** The lines of one take. */
const LINES_MAX = 8_192

/** The identity of a file on this machine, as long as it exists. */
export const idOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`

const hashOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('base64url').slice(0, 16)

/**
 * Where the last of at most `most` whole lines ends; 0 if none does. A \r at the end of the bytes
 * ends no line yet, because a \n may follow.
 */
const endOfLines = (bytes: Buffer, most: number): number => {
  const endOfLine = lineEnds(bytes)
  let at = 0
  for (let count = 0; count < most && at < bytes.length; count++) {
    const { end, next } = endOfLine(at)
    const isOpen = next === bytes.length && next - end === 1 && bytes[end] === CR
    if (end === next || isOpen) break
    at = next
  }
  return at
}

/** A file that is followed. */
export class TailedFile {
  /** Its last name among those that are followed. */
  path: string
  readonly id: string
  readonly #handle: FileHandle
  readonly #lineBytesMax: number
  #offset = 0
  /** No line ends between the offset and here. */
  #scanned = 0
  #head = 0
  #hash = hashOf(new Uint8Array())
  #seen = ''
  /** When a change was seen last. Epoch milliseconds. */
  changedMs = 0
  /** The bytes after this position are left for another run. */
  #until = Infinity
  /** Since when none of the names that are followed is its name. Epoch milliseconds. */
  goneMs: number | undefined

  private constructor(path: string, id: string, handle: FileHandle, lineBytesMax: number) {
    this.path = path
    this.id = id
    this.#handle = handle
    this.#lineBytesMax = lineBytesMax
  }

  /** Opens a file. Rejects with the error of the system. */
  static async open(path: string, lineBytesMax: number = LINE_BYTES_MAX): Promise<TailedFile> {
    const handle = await open(path, 'r')
    try {
      const id = idOf(await handle.stat({ bigint: true }))
      return new TailedFile(path, id, handle, lineBytesMax)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Goes on at a mark. Returns whether this is still the file that the mark means. */
  async resume({ path, offset, head, hash }: FileMark): Promise<boolean> {
    if ((await this.size()) < offset || hashOf(await this.#read(0, head)) !== hash) return false
    this.path = path
    this.#offset = this.#scanned = offset
    this.#head = head
    this.#hash = hash
    return true
  }

  get mark(): FileMark {
    const { path, id } = this
    return { path, id, offset: this.#offset, head: this.#head, hash: this.#hash }
  }

  get offset(): number {
    return this.#offset
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  /** Nothing is read that is not there now. */
  async endHere(): Promise<void> {
    this.#until = await this.size()
  }

  /** Whether the file has changed since the last call that said so. One status, or none. */
  async hasChanged(given?: BigIntStats): Promise<boolean> {
    const { size, mtimeNs } = given ?? (await this.#handle.stat({ bigint: true }))
    const seen = `${size}@${mtimeNs}`
    const isSame = seen === this.#seen
    this.#seen = seen
    if (!isSame) this.changedMs = Date.now()
    return !isSame
  }

  /** The next change is looked at again, also if the time stays the same. */
  lookAgain(): void {
    this.#seen = ''
  }

  /**
   * Begins anew if the file was cut, or written anew, under its name. Returns how many bytes of it
   * had been read then.
   */
  async beginAnewIfCut(): Promise<number | undefined> {
    const isCut = (await this.size()) < this.#offset
    if (!isCut && hashOf(await this.#read(0, this.#head)) === this.#hash) {
      if ((await this.size()) < this.#scanned) this.#scanned = this.#offset
      return undefined
    }
    const readBytes = this.#offset
    this.#offset = this.#scanned = this.#head = 0
    this.#hash = hashOf(new Uint8Array())
    return readBytes
  }

  /** The next whole lines. Undefined: there are none yet. */
  async take(): Promise<Taken | undefined> {
    const size = Math.min(await this.size(), this.#until)
    while (this.#scanned < size) {
      const bytes = await this.#read(this.#scanned, Math.min(READ_BYTES, size - this.#scanned))
      const isLong = this.#scanned - this.#offset > this.#lineBytesMax
      const end = endOfLines(bytes, isLong ? 1 : LINES_MAX)
      if (end > 0) return isLong ? this.#rejectLong(bytes, end) : this.#split(this.#scanned + end)
      const whole = bytes.length - (bytes.at(-1) === CR ? 1 : 0)
      if (whole <= 0) return undefined
      this.#scanned += whole
    }
    return undefined
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  async #split(to: number): Promise<Taken | undefined> {
    const from = this.#offset
    const bytes = await this.#read(from, to - from)
    if (bytes.length < to - from) return undefined
    const hasMark = from === 0 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    const skip = hasMark ? BYTE_ORDER_MARK.length : 0
    const collector = new LineCollector(this.#lineBytesMax)
    splitInto(collector, bytes.subarray(skip), from + skip)
    await this.#moveTo(to)
    return { ...collector.result(), sizeBytes: to - from }
  }

  /** A line that is too long is never held in memory. */
  async #rejectLong(bytes: Buffer, end: number): Promise<Taken> {
    const [from, to] = [this.#offset, this.#scanned + end]
    const endBytes = to - this.#scanned - lineEnds(bytes)(0).end
    const data = new Uint8Array(await this.#read(from, REJECTED_BYTES_MAX))
    const sizeBytes = to - from - endBytes
    await this.#moveTo(to)
    const rejected = [{ code: 'LINE_TOO_LONG', data, sizeBytes, index: 0, offset: from }] as const
    return { lines: [], rejected, sizeBytes: data.length }
  }

  async #moveTo(offset: number): Promise<void> {
    this.#offset = this.#scanned = offset
    if (this.#head === HEAD_BYTES_MAX) return
    const head = await this.#read(0, Math.min(HEAD_BYTES_MAX, offset))
    this.#head = head.length
    this.#hash = hashOf(head)
  }

  async #read(from: number, sizeBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(sizeBytes)
    let end = 0
    while (end < sizeBytes) {
      const { bytesRead } = await this.#handle.read(bytes, end, sizeBytes - end, from + end)
      if (bytesRead === 0) break
      end += bytesRead
    }
    return bytes.subarray(0, end)
  }
}
