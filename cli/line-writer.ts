/** Writes lines to a new file or to the standard output, no faster than they are taken. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { MillraceError } from '../lib/base/errors.ts'
import type { Printer } from '../lib/ports/printer.ts'

/** Lines are handed over in pieces of about this size. */
const PIECE_CHARACTERS = 64 * 1024

/** Takes lines. */
export interface LineWriter {
  write(line: string): Promise<void>
  /** Hands over what is left. */
  end(): Promise<void>
  /** Removes a file that is not complete. */
  giveUp(): void
}

/** `to`: the path of a new file, which only its owner may read; or a printer. */
export const lineWriter = (to: string | Printer): LineWriter => {
  const target = typeof to === 'string' ? fileTarget(to) : printerTarget(to)
  let piece: string[] = []
  let characters = 0
  const flush = async (): Promise<void> => {
    const text = piece.join('')
    piece = []
    characters = 0
    if (text !== '') await target.take(text)
  }
  return {
    async write(line) {
      piece.push(line)
      characters += line.length
      if (characters >= PIECE_CHARACTERS) await flush()
    },
    async end() {
      await flush()
      target.end()
    },
    giveUp: () => target.giveUp(),
  }
}

/** Takes text. */
export interface Target {
  take(piece: string): Promise<void>
  end(): void
  giveUp(): void
}

const printerTarget = (printer: Printer): Target => ({
  async take(text) {
    printer.print(text)
    await printer.flushed?.()
  },
  end: () => undefined,
  giveUp: () => undefined,
})

/** A new file, which only its owner may read. */
export interface FileTarget extends Target {
  take(piece: string | Uint8Array): Promise<void>
}

/** Creates a file. */
export const fileTarget = (path: string): FileTarget => {
  const file = openNew(path)
  return {
    async take(piece) {
      try {
        const bytes = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
      } catch (error) {
        throw new MillraceError('OUTPUT_FAILED', {
          problem: 'The file does not take what is written to it',
          value: path,
          fix: 'make room on its disk, or choose another place; the unfinished file is removed',
          cause: error,
        })
      }
    },
    end: () => closeSync(file),
    giveUp() {
      closeSync(file)
      rmSync(path, { force: true })
    },
  }
}

const openNew = (path: string): number => {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    throw new MillraceError('USAGE', {
      problem: 'The file to write cannot be created',
      value: path,
      allowed: 'a new file in a directory that exists',
      fix: 'choose another name',
      cause: error,
    })
  }
}
