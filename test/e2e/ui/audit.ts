/** An audit of what a page shows, for those who use a keyboard or a screen reader. */
export interface Audit {
  /** Controls and tables without a name. */
  readonly nameless: readonly string[]
  /** Ids, and names of landmarks, that occur twice. */
  readonly doubled: readonly string[]
  /** Texts with a contrast below 4.5 to 1. */
  readonly faint: readonly string[]
  /** By how many pixels the page is wider than its window. */
  readonly wider: number
}

/** Evaluated in the page, it gives an {@link Audit}. */
export const AUDIT: string = String.raw`
(() => {
  const visible = (element) => {
    const { width, height } = element.getBoundingClientRect()
    return width > 1 && height > 1 && getComputedStyle(element).visibility === 'visible'
  }
  const all = [...document.querySelectorAll('body *')].filter(visible)
  const shown = (element) =>
    element.tagName.toLowerCase() + ' ' + (element.textContent ?? '').trim().slice(0, 40)
  const nameOf = (element) =>
    element.getAttribute('aria-label') ??
    document.getElementById(element.getAttribute('aria-labelledby') ?? '')?.textContent ??
    element.querySelector('caption, title')?.textContent ??
    element.textContent ??
    ''
  const controls = all.filter((one) =>
    one.matches('a, button, input, select, summary, table, [role=img], [role=region], [tabindex]'),
  )
  const twice = (names) =>
    names.filter((name, index) => name !== '' && names.indexOf(name) !== index)
  const landmarks = all.filter((one) => one.matches('section, nav, [role=region]'))

  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number)
  const light = ([red = 0, green = 0, blue = 0]) => {
    const part = (value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
  }
  const ground = (element) => {
    if (element === null) return [255, 255, 255]
    const colour = numbers(getComputedStyle(element).backgroundColor)
    return colour[3] === 0 ? ground(element.parentElement) : colour
  }
  const contrast = (element) => {
    const style = getComputedStyle(element)
    const isSvg = element.namespaceURI?.endsWith('svg') === true
    const colours = [light(numbers(isSvg ? style.fill : style.color)), light(ground(element))]
    const [dark = 0, bright = 0] = colours.toSorted((a, b) => a - b)
    return (bright + 0.05) / (dark + 0.05)
  }
  const hasText = (element) =>
    [...element.childNodes].some(
      ({ nodeType, textContent }) => nodeType === 3 && (textContent ?? '').trim() !== '',
    )
  const isInNode = (element) => element.closest('svg .node') !== null
  return {
    nameless: controls.filter((one) => nameOf(one).trim() === '').map(shown),
    doubled: [
      ...twice([...document.querySelectorAll('[id]')].map(({ id }) => id)),
      ...twice(landmarks.map((one) => (one.getAttribute('role') ?? '') + ' ' + nameOf(one))),
    ],
    // A node of the plan has its own ground, which is no background of an element.
    faint: all
      .filter((one) => hasText(one) && !isInNode(one) && contrast(one) < 4.5)
      .map((one) => shown(one) + ' ' + contrast(one).toFixed(2)),
    wider: document.documentElement.scrollWidth - innerWidth,
  }
})()
`
