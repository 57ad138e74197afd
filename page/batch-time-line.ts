/** What ran when in a batch: stages and outputs, each as a bar from its start to its end. */
import type { AttemptAnswer } from './answers.ts'
import { type Column, emptyNote, html, section, table } from './dom.ts'
import { countOf, durationText } from './words.ts'

interface Bar {
  readonly name: string
  readonly what: string
  readonly startMs: number
  readonly ms: number
  readonly kind: 'stage' | 'output' | 'failed'
}

const executorText = (executors: Readonly<Record<string, number>> | undefined): string => {
  const tasks = Object.values(executors ?? {}).reduce((total, one) => total + one, 0)
  return tasks === 0
    ? ''
    : `, ${tasks} in ${countOf(Object.keys(executors ?? {}).length, 'executor')}`
}

const SIDES: Readonly<Record<string, string>> = {
  map: 'map',
  result: 'result',
  exchange: 'exchange by key',
  state: 'state',
  write: 'write',
}

const barsOf = ({ stages = [], outputs = [] }: AttemptAnswer): readonly Bar[] =>
  [
    ...stages.map(({ node, side, tasks, startMs, ms, executors }): Bar => ({
      name: node,
      what: `${SIDES[side] ?? side}, ${countOf(tasks, 'task')}${executorText(executors)}`,
      startMs,
      ms,
      kind: 'stage',
    })),
    ...outputs.map(({ id, startMs, ms, error }): Bar => ({
      name: id,
      what: error === undefined ? 'output' : `output failed: ${error}`,
      startMs,
      ms,
      kind: error === undefined ? 'output' : 'failed',
    })),
  ].toSorted((a, b) => a.startMs - b.startMs || a.ms - b.ms)

/** The stages and outputs of an attempt. */
export const timeLine = (attempt: AttemptAnswer): HTMLElement => {
  const bars = barsOf(attempt)
  if (bars.length === 0)
    return section('What ran when', emptyNote('The history has no stages of this batch.'))
  const endMs = bars.reduce(
    (most, { startMs, ms }) => Math.max(most, startMs + ms),
    Math.max(1, attempt.processingMs),
  )
  const percent = (ms: number): string => `${((ms / endMs) * 100).toFixed(2)}%`
  const rows = bars.map(({ name, what, startMs, ms, kind }) => {
    const bar = html('span', { class: `bar-of ${kind}` })
    bar.style.setProperty('left', percent(startMs))
    bar.style.setProperty('width', percent(ms))
    const track = html('span', { class: 'track', 'aria-hidden': 'true' }, bar)
    return [
      html('span', {}, html('code', {}, name), html('span', { class: 'why' }, what)),
      track,
      durationText(startMs),
      durationText(ms),
    ]
  })
  const columns: readonly Column[] = [
    { title: 'Stage or output' },
    { title: `From 0 to ${durationText(endMs)}` },
    { title: 'Starts after', isNumber: true },
    { title: 'Takes', isNumber: true },
  ]
  return section(
    'What ran when',
    html('div', { class: 'gantt' }, table('Stages and outputs', columns, rows)),
  )
}
