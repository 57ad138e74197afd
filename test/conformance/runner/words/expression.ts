/**
 * The language of functions in vectors: `x => [x, x*2]`, `value > 1`, `s => (s,length)`.
 * ../../README.md has its grammar.
 *
 * An expression is parsed once, into closures. Anything outside the language is an error.
 */
import { UnknownWord } from '../outcome.ts'
import { entry } from '../table.ts'

/** The names that an expression can use, with their values. */
export type Scope = Readonly<Record<string, unknown>>
type Expression = (scope: Scope) => unknown

const FUNCTIONS: Readonly<Record<string, (argument: never) => unknown>> = {
  length: (argument: string | readonly unknown[]) => argument.length,
  sum: (argument: readonly number[]) => argument.reduce((a, b) => a + b, 0),
  toString: (argument: unknown) => String(argument),
  toInt: (argument: string) => Number.parseInt(argument, 10),
  split: (argument: string) => argument.split(' '),
  upper: (argument: string) => argument.toUpperCase(),
  lower: (argument: string) => argument.toLowerCase(),
  abs: (argument: number) => Math.abs(argument),
}

const LITERALS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null }

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Binary operators, those that bind less first. */
const LEVELS: readonly Readonly<Record<string, (a: never, b: never) => unknown>>[] = [
  { or: (a: unknown, b: unknown) => a ?? b },
  { '||': (a: boolean, b: boolean) => a || b },
  { '&&': (a: boolean, b: boolean) => a && b },
  {
    '==': same,
    '!=': (a: unknown, b: unknown) => !same(a, b),
    '<': (a: number, b: number) => a < b,
    '<=': (a: number, b: number) => a <= b,
    '>': (a: number, b: number) => a > b,
    '>=': (a: number, b: number) => a >= b,
    contains: (a: string | readonly unknown[], b: never) => a.includes(b),
  },
  { '+': (a: number, b: number) => a + b, '-': (a: number, b: number) => a - b },
  {
    '*': (a: number, b: number) => a * b,
    '/': (a: number, b: number) => a / b,
    '%': (a: number, b: number) => a % b,
  },
]

const TOKEN =
  /\s*(\d+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z_]\w*|==|!=|<=|>=|&&|\|\||[-+*/%<>?:()[\],])/y

const tokensOf = (text: string): readonly string[] => {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  for (let at = 0; at < text.trimEnd().length; at = TOKEN.lastIndex) {
    const found = TOKEN.exec(text)
    if (found === null) throw new UnknownWord('expression', text)
    tokens.push(found[1] as string)
  }
  return tokens
}

class Reader {
  readonly #text: string
  readonly #tokens: readonly string[]
  readonly #names = new Set<string>()
  #next = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokensOf(text)
  }

  /** Parses an expression that may use these names. */
  whole(names: readonly string[]): Expression {
    const expression = this.#choice()
    if (this.#next < this.#tokens.length) throw new UnknownWord('expression', this.#text)
    const stray = [...this.#names].find((name) => !names.includes(name))
    if (stray !== undefined) throw new UnknownWord('name', stray)
    return expression
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false
    this.#next += 1
    return true
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new UnknownWord('expression', this.#text)
  }

  #choice(): Expression {
    const condition = this.#binary(0)
    if (!this.#take('?')) return condition
    const yes = this.#choice()
    this.#expect(':')
    const no = this.#choice()
    return (scope) => ((condition(scope) as boolean) ? yes(scope) : no(scope))
  }

  #binary(level: number): Expression {
    const operators = LEVELS[level]
    if (operators === undefined) return this.#unary()
    // `contains 'a'` alone means the element.
    let left: Expression =
      operators['contains'] && this.#tokens[this.#next] === 'contains'
        ? (scope) => scope['x']
        : this.#binary(level + 1)
    for (;;) {
      const operator = operators[this.#tokens[this.#next] ?? '']
      if (operator === undefined) return left
      this.#next += 1
      const [a, b] = [left, this.#binary(level + 1)]
      left = (scope) => operator(a(scope) as never, b(scope) as never)
    }
  }

  #unary(): Expression {
    if (this.#take('-')) {
      const value = this.#unary()
      return (scope) => -(value(scope) as number)
    }
    const value = this.#primary()
    return this.#take('nonempty')
      ? (scope) => (value(scope) as readonly unknown[]).length > 0
      : value
  }

  #primary(): Expression {
    if (this.#take('(')) {
      const parts = this.#list(')')
      return parts.length === 1
        ? (parts[0] as Expression)
        : (scope) => parts.map((part) => part(scope))
    }
    if (this.#take('[')) {
      const parts = this.#list(']')
      return (scope) => parts.map((part) => part(scope))
    }
    const token = this.#tokens[this.#next++]
    if (token === undefined) throw new UnknownWord('expression', this.#text)
    if (/^\d/.test(token)) return () => Number(token)
    if (/^["']/.test(token)) return () => token.slice(1, -1)
    return this.#name(token)
  }

  #name(token: string): Expression {
    if (Object.hasOwn(LITERALS, token)) return () => LITERALS[token]
    const f = entry(FUNCTIONS, token)
    if (this.#take('(')) {
      const [argument] = this.#list(')')
      if (f === undefined || argument === undefined) throw new UnknownWord('function', token)
      return (scope) => f(argument(scope) as never)
    }
    // A function without its argument means the element. A parameter may have the name of a
    // function.
    if (f === undefined) this.#names.add(token)
    return (scope) => (Object.hasOwn(scope, token) ? scope[token] : f?.(scope['x'] as never))
  }

  #list(end: string): readonly Expression[] {
    if (this.#take(end)) return []
    const parts = [this.#choice()]
    while (this.#take(',')) parts.push(this.#choice())
    this.#expect(end)
    return parts
  }
}

/**
 * A function as written in vectors: with parameters (`(a,b) => ...`), or without parameters, with
 * the names of its context.
 */
export interface Lambda {
  /** Undefined: it names none. */
  readonly parameters: readonly string[] | undefined
  readonly evaluate: Expression
}

const LAMBDA = /^\(?\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*\)?\s*=>\s*(.*)$/s

/**
 * Parses a function, which may use its parameters and the names of its context. Throws UnknownWord
 * when it is not in the language.
 */
export const readLambda = (text: string, names: readonly string[]): Lambda => {
  const [, given, body] = LAMBDA.exec(text) ?? []
  const parameters = given?.split(',').map((name) => name.trim())
  return { parameters, evaluate: new Reader(body ?? text).whole([...names, ...(parameters ?? [])]) }
}
