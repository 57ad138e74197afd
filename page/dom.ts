/** Makes elements. Texts become text nodes, so nothing that comes from outside is read as HTML. */

type Child = Node | string | number | undefined | false
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

const SVG = 'http://www.w3.org/2000/svg'

const fill = <E extends Element>(
  element: E,
  attributes: Attributes,
  children: readonly Child[],
): E => {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value))
  for (const child of children)
    if (child !== undefined && child !== false)
      element.append(typeof child === 'number' ? String(child) : child)
  return element
}

/** An element of HTML. */
export const html = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => fill(document.createElement(tag), attributes, children)

/** An element of SVG. */
export const svg = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] => fill(document.createElementNS(SVG, tag), attributes, children)

/** A column of a table. */
export interface Column {
  readonly title: string
  /** Figures are aligned at their right side. */
  readonly isNumber?: boolean
}

/** A table with headers, which scrolls by itself where the screen is narrow. */
export const table = (
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Child[])[],
): HTMLElement =>
  html(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Table: ${caption}` },
    html(
      'table',
      {},
      html('caption', { class: 'unseen' }, caption),
      html(
        'thead',
        {},
        html(
          'tr',
          {},
          ...columns.map(({ title, isNumber }) =>
            html('th', { scope: 'col', class: isNumber === true ? 'number' : undefined }, title),
          ),
        ),
      ),
      html(
        'tbody',
        {},
        ...rows.map((cells) =>
          html(
            'tr',
            {},
            ...cells.map((cell, index) => {
              const isNumber = columns[index]?.isNumber === true
              return html('td', { class: isNumber ? 'number' : undefined }, cell)
            }),
          ),
        ),
      ),
    ),
  )

/** A part of a page with a heading. */
export const section = (title: string, ...children: readonly Child[]): HTMLElement => {
  const id = `part-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`
  return html('section', { 'aria-labelledby': id }, html('h2', { id }, title), ...children)
}

/** Names with what there is to say of them. */
export const facts = (
  all: readonly (readonly [name: string, value: string | Node])[],
): HTMLElement =>
  html(
    'dl',
    { class: 'facts-list' },
    ...all.map(([name, value]) => html('div', {}, html('dt', {}, name), html('dd', {}, value))),
  )

/** Says that there is nothing to show, and why. */
export const emptyNote = (text: string): HTMLElement => html('p', { class: 'empty' }, text)

const FOCUSABLE = 'a, button, input, select, summary, [tabindex]'

/** What an element is, for finding it again among new ones. */
const nameOf = (element: Element): string =>
  element.getAttribute('href') ??
  element.getAttribute('aria-label') ??
  `${element.tagName} ${element.textContent}`

const isSelecting = (place: Element): boolean => {
  const selection = getSelection()
  return selection !== null && !selection.isCollapsed && place.contains(selection.anchorNode)
}

/**
 * Shows other elements in a place, as a reader expects it of something that renews itself: what was
 * scrolled stays scrolled, and the focus stays where it was. Nothing changes while somebody selects
 * a text there.
 */
export const renew = (place: Element, ...elements: readonly Element[]): void => {
  if (isSelecting(place)) return
  const focused = document.activeElement
  const name = focused !== null && place.contains(focused) ? nameOf(focused) : undefined
  const scrolled = new Map(
    [...place.querySelectorAll('.scroll')].map((one) => [nameOf(one), one] as const),
  )
  place.replaceChildren(...elements)
  for (const one of place.querySelectorAll('.scroll')) {
    const before = scrolled.get(nameOf(one))
    if (before === undefined) continue
    one.scrollLeft = before.scrollLeft
    one.scrollTop = before.scrollTop
  }
  if (name === undefined) return
  const again = [...place.querySelectorAll<HTMLElement>(FOCUSABLE)].find(
    (one) => nameOf(one) === name,
  )
  again?.focus({ preventScroll: true })
}

/** What went wrong when something was asked for. */
export const errorBox = (error: unknown): HTMLElement =>
  html(
    'div',
    { class: 'notice bad' },
    html('pre', {}, error instanceof Error ? error.message : String(error)),
  )

/** A command in a field from which it can be copied. */
export const commandField = (command: string, why: string): HTMLElement => {
  const input = html('input', { readonly: true, value: command, 'aria-label': why, size: 1 })
  input.addEventListener('focus', () => input.select())
  const button = html('button', { type: 'button' }, 'Copy')
  button.addEventListener('click', () => {
    input.select()
    void navigator.clipboard.writeText(command).then(
      () => void (button.textContent = 'Copied'),
      () => void (button.textContent = 'Press Ctrl-C'),
    )
  })
  return html('p', { class: 'command' }, input, button)
}
