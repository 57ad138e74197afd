import { type Node } from 'oxc-parser'
import { type Findings, nameOf, nodesOf, placeOf, type Source } from '../source.ts'

const FILE_LINES_MAX = 300
const FUNCTION_LINES_MAX = 70
const COLUMNS_MAX = 100

const isLibrary = ({ path }: Source): boolean => path.startsWith('lib/')
const isShipped = ({ path }: Source): boolean => /^(lib|cli|functions|infra)\//.test(path)
const isTest = ({ path }: Source): boolean => path.startsWith('test/')

/** No comment says that something is left to do, or keeps the compiler quiet. */
export const unfinished = (sources: readonly Source[]): Findings =>
  sources.flatMap((source) =>
    source.comments.flatMap(({ value, start }) => {
      const [word] = /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck)\b/.exec(value) ?? []
      return word === undefined
        ? []
        : [`${placeOf(source, start)} a comment says ${word}: do it, or open an issue`]
    }),
  )

/** The words of `test.concurrent.only` from the left. */
const chainOf = (node: Node): readonly string[] => {
  if (node.type === 'Identifier') return [node.name]
  if (node.type === 'CallExpression') return chainOf(node.callee)
  return node.type === 'MemberExpression'
    ? [...chainOf(node.object), nameOf(node.property, node.computed) ?? '']
    : []
}

/** No test is left out, and none runs alone. */
export const skippedTests = (sources: readonly Source[]): Findings =>
  sources.filter(isTest).flatMap((source) =>
    [...nodesOf(source)].flatMap(([node]) => {
      const [runner = '', ...words] = node.type === 'MemberExpression' ? chainOf(node) : []
      const last = words.at(-1) ?? ''
      if (
        !['test', 'it', 'describe', 'suite'].includes(runner) ||
        !['only', 'skip', 'todo', 'fails'].includes(last)
      )
        return []
      return [`${placeOf(source, node.start)} ${runner}.${last} leaves tests out`]
    }),
  )

/** Methods that take any number of arguments. */
const ANY_NUMBER = new Set([
  'push',
  'unshift',
  'splice',
  'concat',
  'min',
  'max',
  'fromCharCode',
  'fromCodePoint',
])

/**
 * No list is spread into the arguments of such a method: each element takes room on the stack, and
 * with some 100,000 of them the call fails. What runs on the machine of a deployment is left out.
 */
export const deepSpreads = (sources: readonly Source[]): Findings =>
  sources
    .filter((source) => isShipped(source) && !source.path.startsWith('infra/'))
    .flatMap((source) =>
      [...nodesOf(source)].flatMap(([node]) => {
        if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return []
        const name = nameOf(node.callee.property, node.callee.computed) ?? ''
        const isDeep =
          ANY_NUMBER.has(name) && node.arguments.some(({ type }) => type === 'SpreadElement')
        return isDeep
          ? [`${placeOf(source, node.start)} ${name}(...) fills the stack: use a loop`]
          : []
      }),
    )

/** The text of a string, or of a part of a template. Undefined: the node is neither. */
const textOf = (node: Node): string | undefined => {
  if (node.type === 'TemplateElement') return node.value.raw
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}

/**
 * No message sends its reader to a file of our repository, which is not on the reader's machine: it
 * names a page by its address, or `millrace help`.
 */
export const barePages = (sources: readonly Source[]): Findings =>
  sources.filter(isShipped).flatMap((source) =>
    [...nodesOf(source)].flatMap(([node]) => {
      const [page] = /(?<![\w/.-])docs\/[\w/-]+\.md\b/.exec(textOf(node) ?? '') ?? []
      return page === undefined
        ? []
        : [`${placeOf(source, node.start)} a text names ${page}: name millrace help instead`]
    }),
  )

const lineCount = (text: string): number => text.trimEnd().split('\n').length

/** Files are short. */
export const longFiles = (sources: readonly Source[]): Findings =>
  sources
    .filter((source) => isShipped(source) && lineCount(source.text) > FILE_LINES_MAX)
    .map(({ path, text }) => `${path} has ${lineCount(text)} lines, more than ${FILE_LINES_MAX}`)

/** Functions are short. */
export const longFunctions = (sources: readonly Source[]): Findings =>
  sources.filter(isShipped).flatMap((source) =>
    [...nodesOf(source)].flatMap(([node]) => {
      if (
        !['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(
          node.type,
        )
      )
        return []
      const lines = lineCount(source.text.slice(node.start, node.end))
      return lines > FUNCTION_LINES_MAX
        ? [
            `${placeOf(source, node.start)} a function of ${lines} lines, more than ` +
              `${FUNCTION_LINES_MAX}`,
          ]
        : []
    }),
  )

/** A line without a space where it could be broken: an address, mostly. */
const isUnbreakable = (line: string): boolean =>
  !line
    .trim()
    .replace(/^(\*|\/\/) /, '')
    .includes(' ')

/** Code and prose are at most 100 columns wide. */
export const wideLines = (sources: readonly Source[]): Findings =>
  sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const isWide = line.length > COLUMNS_MAX && !isUnbreakable(line)
      return isWide ? [`${path}:${index + 1} has ${line.length} columns, more than 100`] : []
    }),
  )

/** Files are named in kebab-case. */
export const fileNames = (sources: readonly Source[]): Findings =>
  sources
    .filter(
      ({ path }) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)+[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)+$/.test(path),
    )
    .map(({ path }) => `${path} is not in kebab-case`)

/** The library exports names, never a default. */
export const defaultExports = (sources: readonly Source[]): Findings =>
  sources.filter(isLibrary).flatMap((source) =>
    source.program.body.flatMap((statement) => {
      const isDefault =
        statement.type === 'ExportDefaultDeclaration' ||
        (statement.type === 'ExportNamedDeclaration' &&
          statement.specifiers.some(({ exported }) => nameOf(exported, false) === 'default'))
      return isDefault
        ? [`${placeOf(source, statement.start)} a default export: give it a name`]
        : []
    }),
  )
