/** The view of what waits in the sources, and of what operators keep. */
import type { OverviewAnswer } from './answers.ts'
import { emptyNote, errorBox, html, renew, section, table } from './dom.ts'
import { askedAgain, type Known } from './live.ts'
import { lookUpForm } from './look-up.ts'
import type { View } from './overview.ts'
import { bytesText, countOf, countText, durationText, stateText } from './words.ts'

/** It costs some reads, so it is not asked for with every batch. */
const EVERY_MS = 10_000

/** A view of the overview, which is asked for again from time to time while batches run. */
export const overviewPart = (
  draw: (answer: OverviewAnswer, known: Known) => readonly HTMLElement[],
): View => {
  const element = html('div', {}, html('p', { class: 'empty' }, 'Reading…'))
  let latest: Known | undefined
  const askAgain = askedAgain<OverviewAnswer>(
    '/api/overview',
    {
      everyMs: EVERY_MS,
      answered: (answer) => latest && renew(element, ...draw(answer, latest)),
    },
    (error) => element.replaceChildren(errorBox(error)),
  )
  const show = (known: Known): void => {
    latest = known
    askAgain()
  }
  return { element, show }
}

const lanesPart = ({ lanes, lanesLeftOut, nowMs }: OverviewAnswer): HTMLElement => {
  if (lanes.length === 0)
    return section('Lanes', emptyNote('No source has lanes. Files are read where they are.'))
  const rows = lanes.map(({ source, lane, tail, waitingRecords, oldestMs }) => [
    html('code', {}, source),
    html('code', {}, lane),
    html('code', {}, tail),
    countText(waitingRecords),
    oldestMs === undefined ? 'nothing waits' : durationText(Math.max(0, nowMs - oldestMs)),
  ])
  return section(
    'Lanes',
    html('p', { class: 'about' }, 'What intake has taken, and no batch yet.'),
    table(
      'Lanes',
      [
        { title: 'Source' },
        { title: 'Lane' },
        { title: 'Last position' },
        { title: 'Records waiting', isNumber: true },
        { title: 'Oldest waits for', isNumber: true },
      ],
      rows,
    ),
    ...(lanesLeftOut === 0
      ? []
      : [emptyNote(`${countOf(lanesLeftOut, 'lane')} with fewer records are left out.`)]),
  )
}

const filesPart = ({ files }: OverviewAnswer): readonly HTMLElement[] =>
  files.length === 0
    ? []
    : [
        section(
          'Files',
          table(
            'Files',
            [
              { title: 'Source' },
              { title: 'Files taken', isNumber: true },
              { title: 'Found, and waiting', isNumber: true },
            ],
            files.map(({ source, taken, pending }) => [
              html('code', {}, source),
              taken === undefined ? '–' : countText(taken),
              pending === undefined ? '–' : countText(pending),
            ]),
          ),
        ),
      ]

const statesPart = ({ states }: OverviewAnswer): HTMLElement => {
  if (states.length === 0)
    return section('State', emptyNote('No operator keeps anything from batch to batch.'))
  return section(
    'State',
    table(
      'State of operators',
      [
        { title: 'Operator' },
        { title: 'Keys', isNumber: true },
        { title: 'Bytes', isNumber: true },
        { title: 'Growth in the last batch', isNumber: true },
        { title: 'Segments', isNumber: true },
        { title: 'Keys end after' },
        { title: 'Ended so far', isNumber: true },
      ],
      states.map(({ id, keys, bytes, growth, segments, idleMs, expired = 0 }) => [
        html('code', {}, stateText(id)),
        keys === undefined ? '–' : countText(keys),
        bytesText(bytes),
        growth === undefined ? '–' : `${growth > 0 ? '+' : ''}${bytesText(growth)}`,
        countText(segments),
        idleMs === undefined ? 'never' : `${durationText(idleMs)} without a record`,
        countText(expired),
      ]),
    ),
  )
}

const accumulatorsPart = ({ accumulators }: OverviewAnswer): readonly HTMLElement[] =>
  accumulators.length === 0
    ? []
    : [
        section(
          'Accumulators',
          html('p', { class: 'about' }, 'What all batches have added. Each record counts once.'),
          table(
            'Accumulators',
            [{ title: 'Name' }, { title: 'Kind' }, { title: 'Value' }],
            accumulators.map(({ name, kind, value }) => [
              html('code', {}, name),
              kind,
              html('code', {}, value),
            ]),
          ),
        ),
      ]

/** The view of input and state. The form stays when the rest is drawn anew. */
export const inputView = (): View => {
  const lookUp = lookUpForm()
  const { element, show } = overviewPart((answer) => {
    lookUp.setStates(answer.states.flatMap(({ id, holds }) => (holds === 'keys' ? [id] : [])))
    return [
      lanesPart(answer),
      ...filesPart(answer),
      statesPart(answer),
      ...accumulatorsPart(answer),
    ]
  })
  return { element: html('div', {}, element, lookUp.element), show }
}
