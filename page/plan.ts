/** The view of the plan: a drawing from sources to outputs, and the same as a table. */
import type { AttemptAnswer, BatchAnswer, NodeAnswer } from './answers.ts'
import { emptyNote, html, renew, section, table } from './dom.ts'
import { ask, type Known } from './live.ts'
import { planDrawing } from './plan-drawing.ts'
import { figuresOf, type NodeFigures } from './plan-figures.ts'
import type { View } from './overview.ts'
import { timeText } from './words.ts'

const legend = (): HTMLElement =>
  html(
    'p',
    { class: 'legend' },
    html('span', { class: 'key source' }, 'source'),
    html('span', { class: 'key operator' }, 'operator'),
    html('span', { class: 'key keeps' }, 'keeps state or batches'),
    html('span', { class: 'key output' }, 'output'),
    html('span', { class: 'key shuffle' }, 'begins a new stage'),
  )

const nodeTable = (
  nodes: readonly NodeAnswer[],
  figures: ReadonlyMap<string, NodeFigures>,
): HTMLElement =>
  table(
    'The nodes of the plan',
    [
      { title: 'Node' },
      { title: 'Takes' },
      { title: 'Keeps' },
      { title: 'Last batch' },
      { title: 'Gave' },
      { title: 'Ran in' },
      { title: 'Declared at' },
    ],
    nodes.map((node) => {
      const { edge, edgeBytes, takes, text = '', place } = figures.get(node.id) ?? {}
      const gave = [edge, edgeBytes].filter((one) => one !== undefined).join(', ')
      return [
        html('code', {}, node.id),
        (node.parents.join(', ') || (node.name ?? '–')) + (takes === undefined ? '' : `: ${takes}`),
        node.keeps ?? '–',
        text === node.name || text === '' ? '–' : text,
        gave || '–',
        place ?? '–',
        node.declaredAt === undefined ? '–' : html('code', {}, node.declaredAt),
      ]
    }),
  )

const hasInput = ({ records, objects }: { records: number; objects: number }): boolean =>
  records > 0 || objects > 0

/** The view of the plan. It shows the figures of the last completed batch. */
export const planView = (): View => {
  const element = html('div')
  let shownMs: number | undefined
  const draw = (known: Known, attempt: AttemptAnswer | undefined): void => {
    const { app } = known
    if (app.plan === undefined) {
      const command = `millrace ui MODULE ${app.target}`
      element.replaceChildren(
        section(
          'Plan',
          emptyNote(`The store does not hold the plan. Give its module to see it: ${command}`),
        ),
      )
      return
    }
    const { nodes, hash } = app.plan
    const isOther = app.status.planHash !== undefined && app.status.planHash !== hash
    const about = isOther
      ? `This is plan ${hash} of the module. What has run is plan ${app.status.planHash}.`
      : attempt === undefined
        ? `Plan ${hash}. No batch has run yet.`
        : `Plan ${hash}, with the figures of the batch of ${timeText(attempt.timeMs)}, ` +
          (hasInput(attempt) ? 'the last one that had input.' : 'which had no input.')
    const isDeployed = app.how === 'deployed'
    const figures = new Map(nodes.map((node) => [node.id, figuresOf(node, attempt, isDeployed)]))
    renew(
      element,
      section(
        'Plan',
        html('p', { class: 'about' }, about),
        planDrawing(nodes, figures),
        legend(),
        nodeTable(nodes, figures),
      ),
    )
  }
  const show = (known: Known): void => {
    const done = known.rows.filter(({ status }) => status === 'completed')
    const last = done.find(hasInput) ?? done[0]
    if (last === undefined) return draw(known, undefined)
    if (last.timeMs === shownMs) return
    const isFirst = shownMs === undefined
    shownMs = last.timeMs
    if (isFirst) draw(known, undefined)
    void ask<BatchAnswer>(`/api/batches/${last.timeMs}`).then(
      ({ attempts }) => {
        // Answers may overtake each other.
        if (last.timeMs === shownMs) draw(known, attempts.at(-1))
      },
      () => undefined,
    )
  }
  return { element, show }
}
