/** The view of one batch: what it took, what ran when, what it wrote, and why it failed. */
import type { AttemptAnswer, BatchAnswer } from './answers.ts'
import { emptyNote, html, section, table } from './dom.ts'
import { sourcesPart } from './batch-input.ts'
import { timeLine } from './batch-time-line.ts'
import { ask, type Known } from './live.ts'
import { statusLabel, type View } from './overview.ts'
import { bytesText, clockText, countText, durationText, timeText } from './words.ts'

/** The view of the batch at a time. */
export const batchView = (timeMs: number): View => {
  const element = html('div', {}, html('p', { class: 'empty' }, 'Reading the batch…'))
  let isAsked = false
  let wasRunning = false
  const read = async (): Promise<void> => {
    try {
      const answer = await ask<BatchAnswer>(`/api/batches/${timeMs}`)
      element.replaceChildren(...partsOf(answer))
    } catch {
      element.replaceChildren(
        headOf({ timeMs }),
        emptyNote(
          wasRunning
            ? 'This batch runs now. When an attempt has ended, it is shown here.'
            : 'The history has no batch at this time. Batches are kept for a week.',
        ),
      )
    }
  }
  const show = ({ app }: Known): void => {
    const isRunning = app.status.running?.timeMs === timeMs
    // Read again when it has ended.
    if (isAsked && !wasRunning) return
    isAsked = true
    wasRunning = isRunning
    void read()
  }
  return { element, show }
}

const headOf = ({
  timeMs,
  earlierMs,
  laterMs,
}: Pick<BatchAnswer, 'timeMs' | 'earlierMs' | 'laterMs'>): HTMLElement =>
  html(
    'div',
    { class: 'bar' },
    html('h2', {}, `Batch ${timeText(timeMs)}`),
    html(
      'p',
      { class: 'about' },
      earlierMs !== undefined && html('a', { href: `#/batch/${earlierMs}` }, '← earlier'),
      laterMs !== undefined && html('a', { href: `#/batch/${laterMs}` }, 'later →'),
      html('a', { href: '#/' }, 'all batches'),
    ),
  )

const partsOf = (answer: BatchAnswer): readonly HTMLElement[] => {
  const last = answer.attempts.at(-1)
  const failed = answer.attempts.filter(({ status }) => status === 'failed')
  return [
    headOf(answer),
    ...(last === undefined ? [] : attemptParts(last)),
    ...(answer.attempts.length < 2 ? [] : [attemptsTable(answer.attempts)]),
    ...failed.filter((attempt) => attempt !== last).map(failureBox),
  ]
}

const fact = (label: string, value: string | Node): HTMLElement =>
  html('div', {}, html('dt', {}, label), html('dd', {}, value))

const facts = (attempt: AttemptAnswer): HTMLElement => {
  const { schedulingDelayMs, totalDelayMs, startedMs, generation, plan } = attempt
  const { skippedTimes = 0, expired, lost, held } = attempt
  return html(
    'dl',
    { class: 'facts-list' },
    fact('Status', statusLabel(attempt)),
    fact('Records', countText(attempt.records)),
    ...(attempt.objects > 0 ? [fact('Files', countText(attempt.objects))] : []),
    ...(attempt.bytes > 0 ? [fact('Bytes', bytesText(attempt.bytes))] : []),
    fact('Scheduling delay', durationText(schedulingDelayMs)),
    fact('Processing time', durationText(attempt.processingMs)),
    fact('Total delay', durationText(totalDelayMs)),
    ...(startedMs === undefined ? [] : [fact('Began at', clockText(startedMs))]),
    ...(attempt.deadLetters > 0 ? [fact('Dead letters', countText(attempt.deadLetters))] : []),
    ...(expired > 0 ? [fact('Keys ended', countText(expired))] : []),
    ...(lost > 0 ? [fact('Records lost', countText(lost))] : []),
    ...(skippedTimes > 0 ? [fact('Batch times at rest before', countText(skippedTimes))] : []),
    ...(held === undefined ? [] : [fact('Held', held)]),
    ...(generation === undefined ? [] : [fact('Generation', String(generation))]),
    ...(plan === undefined || plan === '' ? [] : [fact('Plan', html('code', {}, plan))]),
  )
}

const attemptParts = (attempt: AttemptAnswer): readonly HTMLElement[] => [
  facts(attempt),
  ...(attempt.reason === undefined ? [] : [failureBox(attempt)]),
  timeLine(attempt),
  sourcesPart(attempt),
  ...(attempt.states === undefined ? [] : [statesPart(attempt)]),
  ...(attempt.codes === undefined ? [] : [codesPart(attempt.codes)]),
  ...cutNote(attempt),
]

const failureBox = ({ reason, status, attempt }: AttemptAnswer): HTMLElement => {
  const title =
    status === 'completed'
      ? 'Why the attempt before it failed'
      : `Why attempt ${attempt} ${status === 'skipped' ? 'could not run' : 'failed'}`
  if (reason === undefined) return section(title, emptyNote('The history does not say it.'))
  const where = [
    ...(reason.operator === undefined ? [] : [fact('Operator', html('code', {}, reason.operator))]),
    ...(reason.declaredAt === undefined
      ? []
      : [fact('Declared at', html('code', {}, reason.declaredAt))]),
    ...(reason.thrownAt === undefined
      ? []
      : [fact('Thrown at', html('code', {}, reason.thrownAt))]),
    fact('Code', html('code', {}, reason.code)),
  ]
  return section(
    title,
    html(
      'div',
      { class: `notice ${status === 'completed' ? 'warn' : 'bad'}` },
      html('dl', { class: 'facts-list' }, ...where),
      html('pre', {}, reason.message),
    ),
  )
}

const statesPart = ({ states = [] }: AttemptAnswer): HTMLElement =>
  section(
    'State after it',
    table(
      'State after the batch',
      [
        { title: 'Operator' },
        { title: 'Keys', isNumber: true },
        { title: 'Bytes', isNumber: true },
        { title: 'Growth', isNumber: true },
        { title: 'Segments', isNumber: true },
        { title: 'Keys ended so far', isNumber: true },
      ],
      states.map(({ id, keys, bytes, growth, segments, expired = 0 }) => [
        html('code', {}, id),
        keys === undefined ? '–' : countText(keys),
        bytesText(bytes),
        growth > 0 ? `+${bytesText(growth)}` : bytesText(growth),
        countText(segments),
        countText(expired),
      ]),
    ),
  )

const codesPart = (codes: Readonly<Record<string, number>>): HTMLElement =>
  section(
    'Dead letters of this batch',
    table(
      'Dead letters by reason',
      [{ title: 'Reason' }, { title: 'Records', isNumber: true }],
      Object.entries(codes).map(([code, count]) => [html('code', {}, code), countText(count)]),
    ),
    html('p', { class: 'about' }, html('a', { href: '#/dead-letters' }, 'See all dead letters')),
  )

const attemptsTable = (attempts: readonly AttemptAnswer[]): HTMLElement =>
  section(
    'Attempts',
    table(
      'Attempts at this batch',
      [
        { title: 'Attempt' },
        { title: 'Status' },
        { title: 'Began at' },
        { title: 'Took', isNumber: true },
        { title: 'Why it failed' },
      ],
      attempts.map((one) => [
        String(one.attempt),
        html('span', { class: `label ${one.status}` }, one.status),
        one.startedMs === undefined ? '–' : clockText(one.startedMs),
        durationText(one.processingMs),
        one.error ?? '',
      ]),
    ),
  )

const cutNote = ({ cut = {} }: AttemptAnswer): readonly HTMLElement[] => {
  const lists = Object.entries(cut).map(([list, count]) => `${countText(count)} of ${list}`)
  return lists.length === 0
    ? []
    : [emptyNote(`The history keeps a record small. It has left out ${lists.join(', ')}.`)]
}
