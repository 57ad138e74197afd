/** Starts the page: its head, its views, and what happens when something is new. */
import type { AppStatus, StatusAnswer } from './answers.ts'
import { batchView } from './batch.ts'
import { costView } from './cost.ts'
import { deadLettersView } from './dead-letters.ts'
import { commandField, html } from './dom.ts'
import { inputView } from './input.ts'
import { addEvent, type Known, listen, readAll } from './live.ts'
import { overviewView, type View } from './overview.ts'
import { planView } from './plan.ts'
import { durationText, timeText } from './words.ts'

const part = (id: string): HTMLElement =>
  document.querySelector<HTMLElement>(`#${id}`) ?? document.body

const TABS = [
  ['', 'Batches'],
  ['plan', 'Plan'],
  ['input', 'Input and state'],
  ['dead-letters', 'Dead letters'],
  ['cost', 'Cost'],
] as const

const WORDS: Readonly<Record<AppStatus, string>> = {
  none: 'Not started',
  running: 'Running',
  rest: 'At rest',
  retrying: 'Retrying',
  failed: 'Failed',
  stopped: 'Stopped',
}

let known: Known | undefined
let view: View | undefined
let shownRoute: string | undefined
let isLost = false

const showHead = ({ app }: Known): void => {
  const { status, text, generation } = app.status
  document.title = `${WORDS[status]}: ${app.app}`
  const facts = [
    app.intervalMs === undefined ? undefined : `a batch every ${durationText(app.intervalMs)}`,
    app.where,
    app.how !== 'deployed' || generation === undefined ? undefined : `generation ${generation}`,
  ].filter((fact) => fact !== undefined)
  part('head').replaceChildren(
    html('h1', { title: app.app }, app.app),
    html('p', { class: `state ${status}` }, html('b', {}, WORDS[status]), ` ${text}`),
    html('p', { class: 'facts' }, facts.join(' · ')),
  )
  const footer =
    app.how === 'run'
      ? 'Served by millrace run, on this machine only, until the run ends.'
      : 'Served by millrace ui, on this machine only. It reads and changes nothing.'
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  part('foot').textContent = `${footer} Times are those of your clock (${timeZone}).`
}

const reasonBox = ({ reason, advice, command, status }: StatusAnswer): HTMLElement | undefined => {
  if (advice.length === 0 && reason === undefined) return undefined
  const where = [
    reason?.operator,
    reason?.declaredAt && `declared at ${reason.declaredAt}`,
    reason?.thrownAt && `thrown at ${reason.thrownAt}`,
  ].filter((one) => one !== undefined && one !== '')
  return html(
    'div',
    { class: `notice ${status === 'failed' ? 'bad' : 'warn'}` },
    reason !== undefined &&
      html('p', {}, html('b', {}, reason.code), where.length > 0 ? ` in ${where.join(', ')}` : ''),
    reason !== undefined && html('pre', {}, reason.message),
    ...advice.map((text) => html('p', {}, text)),
    command !== undefined && commandField(command, 'The command that tries the batch again'),
  )
}

const showNotices = ({ app }: Known): void => {
  const box = reasonBox(app.status)
  const lost =
    isLost &&
    html(
      'div',
      { class: 'notice warn' },
      html(
        'p',
        {},
        app.how === 'run'
          ? 'The run has ended, or does not answer. What you see is what was last heard.'
          : 'The server of this page does not answer. What you see is what was last heard.',
      ),
    )
  const next = html('div', {}, box, lost)
  // What has not changed stays: so a reader does not hear it again, and a selection stays.
  const place = part('notices')
  if (place.textContent !== next.textContent) place.replaceChildren(...next.childNodes)
}

const showTabs = (name: string, { app }: Known): void => {
  // Runs on a laptop cost nothing.
  const shown = TABS.filter(([path]) => path !== 'cost' || app.how === 'deployed')
  part('tabs').replaceChildren(
    ...shown.map(([path, title]) => {
      const isHere = path === name || (path === '' && name === 'batch')
      return html('a', { href: `#/${path}`, 'aria-current': isHere && 'page' }, title)
    }),
  )
}

const viewOf = (name: string, rest: string): View => {
  if (name === 'batch') return batchView(Number(rest))
  if (name === 'plan') return planView()
  if (name === 'input') return inputView()
  if (name === 'cost') return costView()
  return name === 'dead-letters' ? deadLettersView() : overviewView()
}

const showRoute = (): void => {
  if (known === undefined) return
  const route = location.hash.replace(/^#\/?/, '')
  const [name = '', rest = ''] = route.split('/')
  if (route === shownRoute) return
  const isFirst = shownRoute === undefined
  shownRoute = route
  view = viewOf(name, rest)
  showTabs(name, known)
  part('content').replaceChildren(view.element)
  view.show(known)
  if (isFirst) return
  scrollTo(0, 0)
  part('content').focus({ preventScroll: true })
}

const showAll = (): void => {
  if (known === undefined) return
  showHead(known)
  showNotices(known)
  view?.show(known)
}

const showError = (error: unknown): void => {
  const text = error instanceof Error ? error.message : String(error)
  part('content').replaceChildren(
    html(
      'div',
      { class: 'notice bad' },
      html('p', {}, 'The history cannot be read.'),
      html('pre', {}, text),
      html('p', {}, `Asked at ${timeText(Date.now())}. Load the page again to try again.`),
    ),
  )
}

const read = async (): Promise<void> => {
  try {
    const next = await readAll(known?.reached)
    known = next
    if (shownRoute === undefined) showRoute()
    showAll()
  } catch (error) {
    if (known === undefined) showError(error)
    else showAll()
  }
}

let opened = 0
const start = async (): Promise<void> => {
  await read()
  listen({
    heard: (event) => {
      if (known === undefined) return
      addEvent(known, event)
      showAll()
    },
    opened: () => {
      opened += 1
      isLost = false
      // What came in between was not heard.
      if (opened > 1) void read()
      else showAll()
    },
    lost: () => {
      isLost = true
      showAll()
    },
  })
}

addEventListener('hashchange', showRoute)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => view?.redraw?.())
void start()
