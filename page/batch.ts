/** The view of one batch: what it took, what ran when, what it wrote, and why it failed. */
import type { AttemptAnswer, BatchAnswer } from './answers.ts'
import { emptyNote, facts, html, section, table } from './dom.ts'
import { sourcesPart } from './batch-input.ts'
import { timeLine } from './batch-time-line.ts'
import { ask, type Known } from './live.ts'
import { statusLabel, type View } from './overview.ts'
import {
  bytesText,
  clockText,
  countOf,
  countText,
  durationText,
  stateText,
  timeText,
} from './words.ts'

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
    ...failed.filter(({ reason }) => reason?.message !== last?.reason?.message).map(failureBox),
  ]
}

type Fact = readonly [name: string, value: string | Node]

const attemptFacts = (attempt: AttemptAnswer): HTMLElement => {
  const { schedulingDelayMs, totalDelayMs, startedMs, generation, plan } = attempt
  const { skippedTimes = 0, expired, lost, held } = attempt
  const counted = (name: string, value: number): readonly Fact[] =>
    value > 0 ? [[name, countText(value)]] : []
  const all: readonly Fact[] = [
    ['Status', statusLabel(attempt)],
    ['Records', countText(attempt.records)],
    ...counted('Files', attempt.objects),
    ...(attempt.bytes > 0 ? [['Bytes', bytesText(attempt.bytes)] as const] : []),
    ['Scheduling delay', durationText(schedulingDelayMs)],
    ['Processing time', durationText(attempt.processingMs)],
    ['Total delay', durationText(totalDelayMs)],
    ...(startedMs === undefined ? [] : [['Began at', clockText(startedMs)] as const]),
    ...counted('Dead letters', attempt.deadLetters),
    ...counted('Keys ended', expired),
    ...counted('Records lost', lost),
    ...counted('Batch times at rest before', skippedTimes),
    ...(held === undefined ? [] : [['Held', held] as const]),
    ...(generation === undefined ? [] : [['Generation', String(generation)] as const]),
    ...(plan === undefined || plan === '' ? [] : [['Plan', html('code', {}, plan)] as const]),
  ]
  return facts(all)
}

const attemptParts = (attempt: AttemptAnswer): readonly HTMLElement[] => [
  attemptFacts(attempt),
  ...(attempt.reason === undefined ? [] : [failureBox(attempt)]),
  timeLine(attempt),
  sourcesPart(attempt),
  ...(attempt.states === undefined ? [] : [statesPart(attempt)]),
  ...(attempt.added === undefined ? [] : [addedPart(attempt.added)]),
  ...(attempt.codes === undefined ? [] : [codesPart(attempt.codes)]),
  ...(attempt.throttled === undefined ? [] : [throttledPart(attempt.throttled)]),
  ...cutNote(attempt),
]

const failureBox = ({ reason, status, attempt }: AttemptAnswer): HTMLElement => {
  const title =
    status === 'completed'
      ? 'Why the attempt before it failed'
      : `Why attempt ${attempt} ${status === 'skipped' ? 'could not run' : 'failed'}`
  if (reason === undefined) return section(title, emptyNote('The history does not say it.'))
  const where = [
    ['Operator', reason.operator],
    ['Declared at', reason.declaredAt],
    ['Thrown at', reason.thrownAt],
    ['Code', reason.code],
  ].flatMap(([name = '', value]): readonly Fact[] =>
    value === undefined ? [] : [[name, html('code', {}, value)]],
  )
  return section(
    title,
    html(
      'div',
      { class: `notice ${status === 'completed' ? 'warn' : 'bad'}` },
      facts(where),
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
        html('code', {}, stateText(id)),
        keys === undefined ? '–' : countText(keys),
        bytesText(bytes),
        growth > 0 ? `+${bytesText(growth)}` : bytesText(growth),
        countText(segments),
        countText(expired),
      ]),
    ),
  )

const addedPart = (added: Readonly<Record<string, number>>): HTMLElement =>
  section(
    'Added to accumulators',
    table(
      'Added to accumulators',
      [{ title: 'Accumulator' }, { title: 'Added', isNumber: true }],
      Object.entries(added).map(([name, amount]) => [html('code', {}, name), String(amount)]),
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

const throttledPart = (throttled: Readonly<Record<string, number>>): HTMLElement =>
  section(
    'Refused for a moment',
    table(
      'What services refused',
      [{ title: 'Output' }, { title: 'Items or messages', isNumber: true }],
      Object.entries(throttled).map(([place, number]) => [
        html('code', {}, place),
        countText(number),
      ]),
    ),
    html(
      'p',
      { class: 'about' },
      'They were sent again, and the batch waited. If it goes on, write less: reduce by key ' +
        'before the output, or choose a longer batchInterval. Or let the service take more: a ' +
        'stream needs shards, and a table on demand takes up to twice its earlier peak at once, ' +
        'and more after half an hour.',
    ),
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

const ONE_OF: Readonly<Record<string, string>> = {
  sources: 'source',
  lanes: 'lane',
  names: 'name',
  outputs: 'output',
  stages: 'stage',
  states: 'state',
}

const cutNote = ({ cut = {} }: AttemptAnswer): readonly HTMLElement[] => {
  const lists = Object.entries(cut).map(([list, count]) => countOf(count, ONE_OF[list] ?? list))
  return lists.length === 0
    ? []
    : [emptyNote(`The history keeps a record small. Left out: ${lists.join(', ')}.`)]
}
