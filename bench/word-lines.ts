/**
 * The input of the word count. A program in any language can generate the same words, so the
 * figures can be compared with those of Spark. A line is ten words `w<rank>`, their ranks come from
 * a linear congruential generator and are squared, so that a few words are frequent and most are
 * rare.
 */

/** Lines in a batch, and words in a line. */
export const BATCH_LINES = 1_000_000
export const LINE_WORDS = 10

const RANKS = 100_000
const MULTIPLIER = 1_664_525
const INCREMENT = 1_013_904_223
const TWO_TO_32 = 2 ** 32

/** Generates lines without end, the same ones in every run. */
export function* wordLines(): Generator<string, never> {
  let x = 1
  for (;;) {
    const words: string[] = []
    for (let i = 0; i < LINE_WORDS; i++) {
      x = (Math.imul(x, MULTIPLIER) + INCREMENT) >>> 0
      const u = x / TWO_TO_32
      words.push(`w${Math.floor(RANKS * u * u)}`)
    }
    yield words.join(' ')
  }
}

/** The first batches, each an array of lines. */
export const wordBatches = (batches: number, lines: number = BATCH_LINES): string[][] => {
  const generator = wordLines()
  return Array.from({ length: batches }, () =>
    Array.from({ length: lines }, () => generator.next().value),
  )
}

/** Known facts about the first batch of a million lines. */
const EXPECTED = {
  firstLine: 'w5591 w13636 w25426 w49686 w255 w13654 w60025 w30934 w27 w40863',
  distinct: 100_000,
  w0: 31_489,
  w99: 1_536,
  characters: 64_422_655,
}

/** Throws if the first batch is not the input of the published figures. */
export const checkInput = (batch: readonly string[], counts: ReadonlyMap<string, number>): void => {
  const found = {
    firstLine: batch[0],
    distinct: counts.size,
    w0: counts.get('w0'),
    w99: counts.get('w99'),
    characters: batch.reduce((total, line) => total + line.length, 0),
  }
  for (const [name, value] of Object.entries(EXPECTED)) {
    const given = found[name as keyof typeof found]
    if (given !== value)
      throw new Error(`the input is wrong: ${name} is ${given}, and should be ${value}`)
  }
}
