import type { Outcome } from './outcome.ts'
import type { CaseResult, SuiteResult } from './suites.ts'
import type { Vector } from './vector.ts'

const countOf = (cases: readonly CaseResult[], kind: Outcome['kind']): number =>
  cases.filter(({ outcome }) => outcome.kind === kind).length

/** Who reads totals looks for what was skipped: nothing. */
const totals = (cases: readonly CaseResult[]): string =>
  `${countOf(cases, 'passed')} passed, ${countOf(cases, 'failed')} failed, 0 skipped`

const inputOf = ({
  op,
  params,
  batchIntervalMs,
  inputBatches,
  inputBatches2,
  inputBatches3,
  script,
}: Vector): unknown => ({
  op,
  params,
  batchIntervalMs,
  inputBatches,
  inputBatches2,
  inputBatches3,
  script,
})

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

const caseLines = ({ vector, outcome }: CaseResult): readonly string[] => {
  if (outcome.kind === 'passed')
    return outcome.instead === undefined ? [] : [`  instead  ${vector.name}: ${outcome.instead}`]
  return [
    `  FAILED   ${vector.name}`,
    `    input:    ${shown(inputOf(vector))}`,
    `    expected: ${shown(outcome.expected)}`,
    `    got:      ${shown(outcome.got).replaceAll('\n', '\n              ')}`,
  ]
}

/**
 * One line for each suite, with its failures below it, and with the cases for which another check
 * stands. The last line has only the totals. No case can be skipped.
 */
export const report = (suites: readonly SuiteResult[]): string => {
  const lines = suites.flatMap(({ suite, cases }) => [
    `${suite}: ${totals(cases)}`,
    ...cases.flatMap(caseLines),
  ])
  return `${[...lines, totals(suites.flatMap(({ cases }) => cases))].join('\n')}\n`
}
