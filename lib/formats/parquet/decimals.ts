/**
 * Decimals of Parquet are whole numbers with a scale. The library multiplies them by a power of
 * ten, which no float has exactly: 185185.05 comes as 185185.05000000002. Here they become the
 * float that is nearest to the decimal, as text would give it.
 */
import type { SchemaTree } from 'hyparquet'

/** Changes a value of a column. Undefined: it has no decimals. */
export type Exact = ((value: unknown) => unknown) | undefined

/** Larger whole numbers cannot be found again: their floats are as near as they can be. */
const WHOLE_MAX = 2 ** 50

const nearest = (scale: number): ((value: unknown) => unknown) => {
  const factor = 10 ** scale
  return (value) => {
    if (typeof value !== 'number') return value
    const whole = Math.round(value * factor)
    return Math.abs(whole) < WHOLE_MAX ? Number(`${whole}e-${scale}`) : value
  }
}

/** What makes the decimals of a column exact, also those inside of lists, structures and maps. */
export const exactDecimals = ({ element, children }: SchemaTree): Exact => {
  const [first] = children
  if (first === undefined)
    return element.converted_type === 'DECIMAL' && (element.scale ?? 0) > 0
      ? nearest(element.scale ?? 0)
      : undefined
  if (element.converted_type === 'LIST') return inList(exactDecimals(first.children[0] ?? first))
  if (element.converted_type === 'MAP') {
    const value = first.children.find((child) => child.element.name === 'value')
    return inMap(value && exactDecimals(value))
  }
  return inFields(children.map((child) => [child.element.name, exactDecimals(child)]))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)

const inList = (exact: Exact): Exact =>
  exact && ((value) => (Array.isArray(value) ? value.map(exact) : value))

const inMap = (exact: Exact): Exact =>
  exact &&
  ((value) => {
    if (isObject(value)) for (const key of Object.keys(value)) value[key] = exact(value[key])
    return value
  })

const inFields = (fields: readonly (readonly [name: string, exact: Exact])[]): Exact => {
  const found = fields.flatMap(([name, exact]) => (exact === undefined ? [] : [{ name, exact }]))
  if (found.length === 0) return undefined
  return (value) => {
    if (isObject(value)) for (const { name, exact } of found) value[name] = exact(value[name])
    return value
  }
}
