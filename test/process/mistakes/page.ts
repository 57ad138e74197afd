import type { Mistake, Told } from './mistake.ts'

/** The page of all mistakes, with what each person was told. */
export const pageOf = (
  groups: Readonly<Record<string, readonly Mistake[]>>,
  told: ReadonlyMap<Mistake, Told>,
): string =>
  [
    '# Mistakes',
    '',
    'What people type who make a mistake, and what they are told. A test makes each mistake and',
    'writes this page: `npx vitest run test/process/mistakes.test.ts -u`. Read it aloud after a',
    'change: what sounds wrong is a defect. Times and places are left out.',
    ...Object.entries(groups).flatMap(([group, mistakes]) => [
      '',
      `## ${group}`,
      '',
      '| mistake | typed | status | what is said |',
      '| --- | --- | --- | --- |',
      ...mistakes.map((one) => rowOf(one, told.get(one))),
    ]),
    '',
  ].join('\n')

const rowOf = ({ mistake, typed, exitCode }: Mistake, told: Told | undefined): string => {
  const said = (told?.text ?? '').split('\n').map(cellOf).join('<br>')
  const cells = [cellOf(mistake), codeOf(cellOf(typed)), exitCode, codeOf(said)]
  return `| ${cells.join(' | ')} |`
}

const codeOf = (text: string): string => `<code>${text}</code>`

/** Text that a cell shows as it is. */
const cellOf = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('|', '&#124;')
    .replaceAll(/([*_`[\]~])/g, '\\$1')
    .replaceAll(/^ +/g, (spaces) => '&nbsp;'.repeat(spaces.length))
