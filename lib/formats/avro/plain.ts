/**
 * Values of the library as values that can be stored: records are plain objects, and bytes have
 * memory of their own. Records are not copied for that: their type is told to make plain objects.
 */
import type { Type, types } from 'avsc'

/** Changes a value in place, or gives another one for it. */
type Step = (value: unknown) => unknown

interface Constructor {
  prototype: object
}

/** A type that makes plain values, but for what `finish` does. */
export interface PlainType {
  readonly type: Type
  /** Makes a value that `type` has just read one that can be stored. */
  readonly finish: Step
}

const BYTES: ReadonlySet<string> = new Set(['bytes', 'fixed'])

const isRecord = ({ typeName }: Type): boolean => typeName === 'record' || typeName === 'error'

const fieldsOf = (type: Type): types.RecordType['fields'] => (type as types.RecordType).fields

const branchesOf = (type: Type): readonly Type[] => (type as types.WrappedUnionType).types

/** The types of which values of a type are made. */
const partsOf = (type: Type): readonly Type[] => {
  if (isRecord(type)) return fieldsOf(type).map((field) => field.type)
  if (type.typeName === 'array') return [(type as types.ArrayType).itemsType]
  if (type.typeName === 'map') return [(type as types.MapType).valuesType as Type]
  return type.typeName.startsWith('union:') ? branchesOf(type) : []
}

/** All types in a type, with itself. A type may contain itself. */
const typesIn = (type: Type, found: Set<Type> = new Set()): ReadonlySet<Type> => {
  if (found.has(type)) return found
  found.add(type)
  for (const part of partsOf(type)) typesIn(part, found)
  return found
}

/** Whether values of a type may have bytes. */
export const hasBytes = (type: Type): boolean =>
  [...typesIn(type)].some(({ typeName }) => BYTES.has(typeName))

/**
 * Changes a type, which nobody else may use, so that it makes plain values. Without this each
 * record would be copied.
 */
export const plainType = (type: Type): PlainType => {
  const constructors = new Set<Constructor>()
  for (const one of typesIn(type)) {
    if (isRecord(one)) constructors.add((one as types.RecordType).recordConstructor as Constructor)
    if (one.typeName !== 'union:wrapped') continue
    for (const branch of branchesOf(one)) {
      const wrapped = branch.wrap(null) as object | null
      if (wrapped !== null) constructors.add(wrapped.constructor)
    }
  }
  for (const made of constructors) made.prototype = Object.prototype
  return { type, finish: stepOf(type, new Map()) ?? same }
}

const same: Step = (value) => value

/** Undefined: there are no bytes. */
const stepOf = (type: Type, known: Map<Type, Step>): Step | undefined => {
  if (!hasBytes(type)) return undefined
  const before = known.get(type)
  if (before !== undefined) return before
  let step: Step = same
  // For a type that contains itself.
  known.set(type, (value) => step(value))
  step = newStep(type, (part) => stepOf(part, known))
  return step
}

const newStep = (type: Type, inner: (part: Type) => Step | undefined): Step => {
  if (BYTES.has(type.typeName)) return (value) => new Uint8Array(value as Uint8Array)
  if (isRecord(type))
    return inFields(fieldsOf(type).map((field) => [field.name, inner(field.type)]))
  if (type.typeName === 'union:wrapped')
    return inFields(branchesOf(type).map((branch) => [String(branch.branchName), inner(branch)]))
  if (type.typeName === 'union:unwrapped') return inUnion(branchesOf(type), inner)
  const [part] = partsOf(type)
  const step = (part && inner(part)) as Step
  return type.typeName === 'array' ? inItems(step) : inValues(step)
}

type Fields = Record<string, unknown>

const inFields = (steps: readonly (readonly [name: string, step: Step | undefined])[]): Step => {
  const found = steps.flatMap(([name, step]) => (step === undefined ? [] : [{ name, step }]))
  return (value) => {
    if (typeof value !== 'object' || value === null) return value
    for (const { name, step } of found)
      if (Object.hasOwn(value, name)) (value as Fields)[name] = step((value as Fields)[name])
    return value
  }
}

const inItems =
  (step: Step): Step =>
  (items) => {
    const all = items as unknown[]
    for (let index = 0; index < all.length; index++) all[index] = step(all[index])
    return all
  }

const inValues =
  (step: Step): Step =>
  (values) => {
    for (const name of Object.keys(values as Fields))
      (values as Fields)[name] = step((values as Fields)[name])
    return values
  }

/** A union that is not wrapped has at most one branch of each kind. */
const inUnion = (branches: readonly Type[], inner: (part: Type) => Step | undefined): Step => {
  const stepFor = (names: readonly string[]): Step => {
    const branch = branches.find(({ typeName }) => names.includes(typeName))
    return (branch && inner(branch)) ?? same
  }
  const [ofBytes, ofItems] = [stepFor([...BYTES]), stepFor(['array'])]
  const ofFields = stepFor(['map', 'record', 'error'])
  return (value) => {
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    if (value instanceof Uint8Array) return ofBytes(value)
    return Array.isArray(value) ? ofItems(value) : ofFields(value)
  }
}
