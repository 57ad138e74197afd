/** Figures, durations and times in words, with their units. */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** Three digits are enough to compare by eye. */
const threeDigits = (value: number): string =>
  value >= 100 || Number.isInteger(value)
    ? String(Math.round(value))
    : value.toPrecision(value >= 1 ? 3 : 2).replace(/\.?0+$/, '')

/** A count with separators: `12,345`. */
export const countText = (value: number): string => Math.round(value).toLocaleString('en-US')

/** A number with its noun: `1 batch`, `1,234 records`. */
export const countOf = (value: number, one: string, many = `${one}s`): string =>
  `${countText(value)} ${value === 1 ? one : many}`

/** A figure for an axis: `1.2k`, `3M`. */
export const shortText = (value: number): string => {
  if (Math.abs(value) >= 1e9) return `${threeDigits(value / 1e9)}G`
  if (Math.abs(value) >= 1e6) return `${threeDigits(value / 1e6)}M`
  if (Math.abs(value) >= 1e4) return `${threeDigits(value / 1e3)}k`
  return threeDigits(value)
}

/** A text that begins a line: `log bytes` is `Log bytes`. */
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

const PANES = '/panes'

/** The operator whose state it is. A window has its batches under a name of their own. */
export const operatorOf = (state: string): string =>
  state.endsWith(PANES) ? state.slice(0, -PANES.length) : state

/** What a state is called: its operator, and whether it is the batches of a window. */
export const stateText = (state: string): string =>
  state.endsWith(PANES) ? `${operatorOf(state)}, batches of the window` : state

/** Bytes in powers of 1,000: `1.5 MB`. */
export const bytesText = (bytes: number): string => {
  const sign = bytes < 0 ? '-' : ''
  const size = Math.abs(bytes)
  const power = Math.min(Math.floor(Math.log10(Math.max(1, size)) / 3), UNITS.length - 1)
  return `${sign}${threeDigits(size / 1_000 ** power)} ${UNITS[power] ?? 'B'}`
}

/** Dollars with three digits that count: `$12.50`, `$0.000123`. */
export const dollarText = (dollars: number): string => {
  if (dollars === 0 || Math.abs(dollars) >= 10) return `$${dollars.toFixed(2)}`
  const digits = 2 - Math.floor(Math.log10(Math.abs(dollars)))
  return `$${dollars.toFixed(Math.min(12, digits)).replace(/(\.\d\d\d*?)0+$/, '$1')}`
}

/** A duration with the unit that fits: `12 ms`, `1.5 s`, `3 min`, `2 h`, `4 d`. */
export const durationText = (ms: number | null | undefined): string => {
  if (ms === null || ms === undefined) return 'unknown'
  const size = Math.abs(ms)
  if (size < 10) return `${threeDigits(ms)} ms`
  if (size < 1_000) return `${Math.round(ms)} ms`
  if (size < 120_000) return `${threeDigits(ms / 1_000)} s`
  if (size < 7_200_000) return `${threeDigits(ms / 60_000)} min`
  if (size < 172_800_000) return `${threeDigits(ms / 3_600_000)} h`
  return `${threeDigits(ms / 86_400_000)} d`
}

const two = (value: number): string => String(value).padStart(2, '0')

const dayText = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`

/** A time of day by the clock of the reader, with milliseconds where there are some. */
export const clockText = (ms: number): string => {
  const date = new Date(ms)
  const fraction = ms % 1_000 === 0 ? '' : `.${String(date.getMilliseconds()).padStart(3, '0')}`
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${fraction}`
}

/** A time by the clock of the reader, with its date. */
export const timeText = (ms: number): string => `${dayText(new Date(ms))} ${clockText(ms)}`
