/** The expected totals, kept beside the deployed application and separate from it. */

/** Numbers by page. */
export type Totals = ReadonlyMap<string, number>

/** The difference between what was counted and what was sent. */
export interface Comparison {
  readonly counted: number
  readonly lost: number
  readonly twice: number
}

const PAGES = 50

/**
 * Lines of clicks. Every other line has a page of its own, so that no line can replace another one.
 * The rest share pages.
 */
export const clicksOf = (visitor: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => {
    const name = visitor.replaceAll(' ', '-')
    return `${index % 2 === 0 ? `${name}/${index}` : `page-${index % PAGES}`} by ${name}-${index}`
  })

/** Everything that was sent and must count. */
export class Model {
  readonly #totals = new Map<string, number>()

  /** Adds lines. The first word of each is the page. */
  add(lines: readonly string[]): void {
    for (const line of lines) {
      const page = line.split(' ')[0] as string
      this.#totals.set(page, (this.#totals.get(page) ?? 0) + 1)
    }
  }

  get size(): number {
    return this.#totals.values().reduce((sum, total) => sum + total, 0)
  }

  /** Compares page by page, so that a missing count and an extra count do not cancel out. */
  compare(found: Totals): Comparison {
    const pages = [...new Set([...this.#totals.keys(), ...found.keys()])]
    const differences = pages.map((page) => (found.get(page) ?? 0) - (this.#totals.get(page) ?? 0))
    const sumOf = (numbers: readonly number[]): number =>
      numbers.reduce((sum, number) => sum + number, 0)
    return {
      counted: sumOf([...found.values()]),
      lost: sumOf(differences.map((difference) => Math.max(0, -difference))),
      twice: sumOf(differences.map((difference) => Math.max(0, difference))),
    }
  }
}

/** `page: 3 so far`, a line for each page. */
export const totalsIn = (text: string): Totals =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [, page, total] = /^(.*): (\d+) \S/.exec(line) ?? []
      return page === undefined ? [] : [[page, Number(total)] as const]
    }),
  )
