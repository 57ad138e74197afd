/**
 * Functions of elements and of values, by their names in vectors: phrases first, then the language
 * of expressions.
 */
import { UnknownWord } from '../outcome.ts'
import { entry } from '../table.ts'
import { type Lambda, readLambda } from './expression.ts'

type Pair = readonly [unknown, unknown]

const PHRASES: Readonly<Record<string, string>> = {
  identity: 'x',
  'identity map': 'x',
  'string length': 'length(x)',
  toString: 'toString(x)',
  toInt: 'toInt(x)',
  'upper case': 'upper(x)',
  even: 'x % 2 == 0',
  swap: '(value, key)',
  'accept all': '0 == 0',
}

const asText = (word: unknown): string => {
  if (typeof word === 'string') return word
  throw new UnknownWord('function', word)
}

const lambdaOf = (said: string, names: readonly string[]): Lambda =>
  readLambda(entry(PHRASES, said) ?? said, names)

const EACH_CHARACTER = /^(.*=>)\s*for each char (\w+):\s*(.*)$/

/**
 * A function of one element. For a pair it may name both parts: `(k,v) => ...`, or `key` and
 * `value`.
 */
export const elementFunction = (word: unknown): ((element: unknown) => unknown) => {
  const said = asText(word)
  if (said === 'always throws') return alwaysThrows
  const [, head, character, body] = EACH_CHARACTER.exec(said) ?? []
  if (head !== undefined && character !== undefined)
    return forEachCharacter(head, character, body as string)
  const { parameters, evaluate } = lambdaOf(said, OF_ELEMENTS)
  return (element) => evaluate(scopeOf(element, parameters))
}

const alwaysThrows = (): never => {
  throw new Error('This is a special error')
}

/** `(s,n) => for each char c: (n,c)`: one result for each character of the first parameter. */
const forEachCharacter = (
  head: string,
  character: string,
  body: string,
): ((element: unknown) => readonly unknown[]) => {
  const { parameters = ['x'] } = readLambda(`${head} 0`, OF_ELEMENTS)
  const { evaluate } = readLambda(body, [...OF_ELEMENTS, ...parameters, character])
  return (element) => {
    const scope = scopeOf(element, parameters)
    // Characters are units of UTF-16, as in Spark.
    return (scope[parameters[0] as string] as string)
      .split('')
      .map((one) => evaluate({ ...scope, [character]: one }))
  }
}

/** The names of an element and of the parts of a pair. */
const OF_ELEMENTS = ['x', 's', 'v', 'key', 'value']

const scopeOf = (
  element: unknown,
  parameters: readonly string[] | undefined,
): Record<string, unknown> => {
  const [key, value] = Array.isArray(element) ? (element as readonly unknown[]) : []
  const names = { x: element, s: element, v: Array.isArray(element) ? value : element, key, value }
  if (parameters === undefined) return names
  if (parameters.length === 1) return { ...names, [parameters[0] as string]: element }
  return {
    ...names,
    ...Object.fromEntries(
      parameters.map((name, index) => [name, (element as readonly unknown[])[index]]),
    ),
  }
}

/** A function of the value of a pair. */
export const valueFunction = (word: unknown): ((value: unknown) => unknown) => {
  const { parameters: [name = 'value'] = [], evaluate } = lambdaOf(asText(word), [
    'x',
    'v',
    's',
    'value',
  ])
  return (value) => evaluate({ x: value, v: value, s: value, value, [name]: value })
}

const BINARY: Readonly<Record<string, (a: never, b: never) => unknown>> = {
  sum: (a: number, b: number) => a + b,
  multiply: (a: number, b: number) => a * b,
  subtract: (a: number, b: number) => a - b,
  min: (a: number, b: number) => Math.min(a, b),
  max: (a: number, b: number) => Math.max(a, b),
}

/** A function of two values. */
export const binaryFunction = (word: unknown): ((a: unknown, b: unknown) => unknown) => {
  const said = asText(word)
  const known = entry(BINARY, said) as ((a: unknown, b: unknown) => unknown) | undefined
  if (known !== undefined) return known
  if (/^integer division\b/.test(said)) return (a, b) => Math.trunc((a as number) / (b as number))
  const { parameters = ['a', 'b'], evaluate } = readLambda(said, ['a', 'b'])
  const [first, second] = parameters as readonly [string, string]
  return (a, b) => evaluate({ [first]: a, [second]: b })
}

/** A function that decides whether a pair stays. */
export const pairFilter = (word: unknown): ((key: unknown, value: unknown) => boolean) => {
  const keep = elementFunction(word)
  return (key, value) => keep([key, value] satisfies Pair) as boolean
}

/** A function of a whole partition. */
export const partitionFunction = (
  word: unknown,
): ((elements: Iterable<unknown>) => readonly unknown[]) => {
  const said = asText(word)
  if (said === 'concatenate upper-cased')
    return (elements) => [
      [...elements].map((element) => (element as string).toUpperCase()).join(''),
    ]
  if (said === 'swap each')
    return (elements) =>
      [...elements].map((element) => [(element as Pair)[1], (element as Pair)[0]])
  if (said === '[sum]')
    return (elements) => [[...elements].reduce((a, b) => (a as number) + (b as number), 0)]
  const { parameters: [name = 'iterator'] = [], evaluate } = readLambda(said, ['iterator'])
  return (elements) => evaluate({ [name]: [...elements] }) as readonly unknown[]
}
