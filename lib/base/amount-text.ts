/** Amounts in words, with their units, for people: counts, bytes, durations, dollars. */

/**
 * A number with its noun.
 *
 * @example count(1_234, 'record') // '1,234 records'
 */
export const count = (number: number, one: string, many: string = `${one}s`): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/**
 * Bytes in powers of 1,000.
 *
 * @example bytesText(1_500_000) // '1.5 MB'
 */
export const bytesText = (bytes: number): string => {
  const power = Math.min(Math.floor(Math.log10(Math.max(1, bytes)) / 3), UNITS.length - 1)
  const number = bytes / 1_000 ** power
  return `${number.toFixed(power === 0 || number >= 10 ? 0 : 1)} ${UNITS[power]}`
}

const SPANS = [
  ['d', 86_400_000, 172_800_000],
  ['h', 3_600_000, 7_200_000],
  ['min', 60_000, 120_000],
  ['s', 1_000, 1_000],
] as const

/**
 * A duration in the unit that fits, with at most one digit behind the point.
 *
 * @example spanText(1_450) // '1.5 s'
 */
export const spanText = (ms: number): string => {
  const [unit, unitMs] = SPANS.find(([, , from]) => ms >= from) ?? (['ms', 1] as const)
  const number = ms / unitMs
  return `${number >= 10 || unit === 'ms' ? Math.round(number) : Number(number.toFixed(1))} ${unit}`
}

const CENT = 0.01

/**
 * Dollars. Less than a cent has three digits that count.
 *
 * @example dollarText(0.00012) // '$0.000120'
 */
export const dollarText = (dollars: number): string =>
  `$${dollars >= CENT || dollars === 0 ? dollars.toFixed(2) : dollars.toPrecision(3)}`

/**
 * A share in percent.
 *
 * @example percentText(0.256) // '26 %'
 */
export const percentText = (share: number): string =>
  `${share > 0 && share < 0.1 ? Number((share * 100).toFixed(1)) : Math.round(share * 100)} %`
