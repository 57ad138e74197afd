/**
 * What Millrace costs on AWS, and the counts behind it. Each figure has a target, and a program of
 * its own that measures it.
 */
import { type Figure, rounded } from '../report.ts'
import type { CostFigure, CostProgram, Measured } from './figure.ts'
import { manyShards, waitingAppends } from './lanes.ts'
import { largeState, smallState } from './state-writes.ts'
import { coldState } from './cold-state.ts'
import { atRest } from './at-rest.ts'
import { dollarTable, manyShardsCost, usualLoad } from './dollars.ts'
import { files } from './files.ts'
import { arrayKeys, flatState } from './keyed-times.ts'
import { timesOfKeys } from './times-of-keys.ts'
import { warmBatch } from './warm-batch.ts'
import { reduces, windowOfADay } from './windows.ts'

const PROGRAMS: readonly CostProgram[] = [
  smallState,
  largeState,
  timesOfKeys,
  manyShards,
  waitingAppends,
  windowOfADay,
  reduces,
  warmBatch,
  coldState,
  flatState,
  arrayKeys,
  usualLoad,
  atRest,
  manyShardsCost,
  files,
]

const FIGURES: readonly string[] = PROGRAMS.flatMap(({ figures }) => figures).map(
  ({ name }) => name,
)

/** With `--only` this names the table of dollars. It has no target. */
const TABLE = 'dollars-table'

const line = ({ name, what, target, unit }: CostFigure, { value, note }: Measured): string => {
  const found = rounded(value)
  return (
    `${name}: ${found} ${unit}, target at most ${target}: ` +
    `${value <= target ? 'reached' : 'not reached'}\n    ${what}\n    ${note}`
  )
}

/** Measures the figures with these names, or all, and prints each when it is known. */
export const benchCosts = async ({
  say,
  only,
}: {
  readonly say: (text: string) => void
  readonly only: readonly string[] | undefined
}): Promise<readonly Figure[]> => {
  const unknown = only?.find((name) => name !== TABLE && !FIGURES.includes(name))
  if (unknown !== undefined) {
    say(`There is no figure "${unknown}". There are: ${[...FIGURES, TABLE].join(', ')}`)
    process.exitCode = 2
    return []
  }
  const found: Figure[] = []
  for (const { figures, measure } of PROGRAMS) {
    const wanted = figures.map(({ name }) => only === undefined || only.includes(name))
    if (!wanted.includes(true)) continue
    const measured = await measure()
    for (const [index, figure] of figures.entries()) {
      const one = measured[index]
      if (one === undefined || wanted[index] !== true) continue
      say(line(figure, one))
      found.push({
        bench: 'costs',
        figure: figure.name,
        value: rounded(one.value),
        unit: figure.unit,
      })
    }
  }
  if (only === undefined || only.includes(TABLE)) say(`\n${await dollarTable()}`)
  return found
}
