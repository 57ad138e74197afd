/** The view of records that were put aside: why, a few of them, and the commands that help. */
import type { OverviewAnswer } from './answers.ts'
import { commandField, emptyNote, html, section, table } from './dom.ts'
import { overviewPart } from './input.ts'
import type { Known } from './live.ts'
import type { View } from './overview.ts'
import { countOf, countText, timeText } from './words.ts'

const partsOf = ({ deadLetters }: OverviewAnswer, { app }: Known): readonly HTMLElement[] => {
  const { count, byCode, some, sinceMs } = deadLetters
  const since = `since ${timeText(sinceMs)}`
  if (count === 0) return [section('Dead letters', emptyNote(`No record was put aside ${since}.`))]
  const codes = Object.entries(byCode).toSorted(([, a], [, b]) => b - a)
  return [
    section(
      'Dead letters',
      html(
        'p',
        { class: 'about' },
        `${countOf(count, 'record was', 'records were')} put aside ${since}.`,
      ),
      table(
        'Dead letters by reason',
        [{ title: 'Reason' }, { title: 'Records', isNumber: true }, { title: 'To see them' }],
        codes.map(([code, number]) => [
          html('code', {}, code),
          countText(number),
          commandField(
            `millrace dead-letters ${app.target} --code ${code}`,
            `The command that lists dead letters with ${code}`,
          ),
        ]),
      ),
    ),
    section(
      'A few of them',
      table(
        'A few dead letters',
        [{ title: 'Where' }, { title: 'Reason' }, { title: 'What is wrong' }],
        some.map(({ at, code, message }) => [
          html('code', {}, at),
          html('code', {}, code),
          html('span', { class: 'message' }, message),
        ]),
      ),
    ),
    section(
      'After the code is mended',
      html('p', { class: 'about' }, 'This processes them again, each once:'),
      commandField(`millrace redrive ${app.target}`, 'The command that processes them again'),
    ),
  ]
}

/** The view of dead letters. */
export const deadLettersView = (): View => overviewPart(partsOf)
