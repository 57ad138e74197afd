/**
 * The text of the benchmark `files`: words as frequent as in natural text, made from a seed, so it
 * is the same in each run. The text of one size is the same in any number of files: these are cut
 * from it between lines. It stays in a temporary folder for the next run.
 */
import {
  closeSync,
  existsSync,
  futimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../lib/base/seeded.ts'

/** Different words. Natural text of 300 MB has about as many, counted as they are written. */
export const VOCABULARY = 300_000

/** Part of the name of the folder: a text that is made in another way has another number. */
const FORM = 1
const SEED = 1
/** The law of Zipf and Mandelbrot: a word is as frequent as `1 / (rank + SHIFT)`. */
const SHIFT = 2.7
const WORDS_MIN = 4
const WORDS_MAX = 20
const CONSONANTS = 'bcdfghjklmnpqrstvwxz'
const VOWELS = 'aeiou'
const SYLLABLES = CONSONANTS.length * VOWELS.length
const MODIFIED_S = 1_700_000_000
const CHUNK_BYTES = 1 << 16
/** More than the longest line. */
const LINE_BYTES_MAX = WORDS_MAX * 16

/** The word of a rank: one syllable for the most frequent ones, three for rare ones. */
const wordOf = (rank: number): string => {
  let syllables = ''
  for (let left = rank; ; left = Math.floor(left / SYLLABLES) - 1) {
    const consonant = CONSONANTS[Math.floor((left % SYLLABLES) / VOWELS.length)]
    syllables += `${consonant}${VOWELS[left % VOWELS.length]}`
    if (left < SYLLABLES) break
  }
  return `${syllables}${CONSONANTS[rank % CONSONANTS.length]}`
}

/**
 * Draws ranks as frequent as they are in text, by the alias method of Walker and Vose: one look-up
 * for each draw, however many ranks there are.
 */
const rankDrawer = (random: () => number): (() => number) => {
  const weights = Float64Array.from({ length: VOCABULARY }, (_, rank) => 1 / (rank + 1 + SHIFT))
  const mean = weights.reduce((a, b) => a + b) / VOCABULARY
  const shares = weights.map((weight) => weight / mean)
  const alias = new Int32Array(VOCABULARY)
  const ranks = [...shares.keys()]
  const small = ranks.filter((rank) => (shares[rank] as number) < 1)
  const large = ranks.filter((rank) => (shares[rank] as number) >= 1)
  while (small.length > 0 && large.length > 0) {
    const rank = small.pop() as number
    const giver = large.at(-1) as number
    alias[rank] = giver
    shares[giver] = (shares[giver] as number) - (1 - (shares[rank] as number))
    if ((shares[giver] as number) < 1) small.push(large.pop() as number)
  }
  for (const rank of [...small, ...large]) shares[rank] = 1
  return () => {
    const place = random() * VOCABULARY
    const rank = Math.floor(place)
    return place - rank < (shares[rank] as number) ? rank : (alias[rank] as number)
  }
}

/** Writes lines into a buffer, and returns where the line ends. */
const lineWriter = (): ((into: Buffer, at: number) => number) => {
  const random = seededRandom(SEED)
  const draw = rankDrawer(random)
  const words = Array.from({ length: VOCABULARY }, (_, rank) => Buffer.from(`${wordOf(rank)} `))
  return (into, at) => {
    let end = at
    for (
      let left = WORDS_MIN + Math.floor(random() * (WORDS_MAX - WORDS_MIN + 1));
      left > 0;
      left--
    ) {
      const word = words[draw()] as Buffer
      for (let i = 0; i < word.length; i++) into[end++] = word[i] as number
    }
    // In the place of the last space.
    into[end - 1] = 0x0a
    return end
  }
}

const writeFiles = (directory: string, files: number, bytes: number): void => {
  const writeLine = lineWriter()
  const chunk = Buffer.alloc(CHUNK_BYTES + LINE_BYTES_MAX)
  let written = 0
  for (let file = 0; file < files; file++) {
    const target = openSync(join(directory, `${String(file).padStart(5, '0')}.txt`), 'w')
    const end = ((file + 1) * bytes) / files
    while (written < end) {
      let used = 0
      while (used < CHUNK_BYTES && written + used < end) used = writeLine(chunk, used)
      writeSync(target, chunk, 0, used)
      written += used
    }
    // Long ago, so that no file waits until it has stayed the same for a while.
    futimesSync(target, MODIFIED_S, MODIFIED_S)
    closeSync(target)
  }
}

/** The directory of a text with about this many bytes, cut into files. Makes it if need be. */
export const textOf = (files: number, bytes: number, say: (text: string) => void): string => {
  const kept = join(tmpdir(), 'millrace-bench-files')
  const directory = join(kept, `text-${FORM}-${bytes}-${files}`)
  if (existsSync(directory)) return directory
  say(`writing ${Math.round(bytes / 1e6)} MB of text in ${files} files to ${directory}`)
  const unfinished = `${directory}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  writeFiles(unfinished, files, bytes)
  renameSync(unfinished, directory)
  return directory
}
