import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { type Comment, type Node, parseSync, type Program, visitorKeys } from 'oxc-parser'

/**
 * One parsed file. Rules see nothing else of the project, so that a test can plant a small set of
 * files that breaks them.
 */
export interface Source {
  /** Relative to the root of the project, with `/` between names. */
  readonly path: string
  readonly text: string
  readonly program: Program
  readonly comments: readonly Comment[]
}

/** What a rule found, each as `path:line what is wrong`. */
export type Findings = readonly string[]

export const root: string = join(import.meta.dirname, '..', '..')

export const sourceOf = (path: string, text: string): Source => {
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`)
  return { path, text, program, comments }
}

/** A planted set of files, as a record from path to text. */
export const sourcesOf = (files: Readonly<Record<string, string>>): readonly Source[] =>
  Object.entries(files).map(([path, text]) => sourceOf(path, text))

const filesBelow = (folder: string): readonly string[] => {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll(sep, '/'),
    )
}

/** The files of the project's folders that are there, parsed. */
export const projectSources = (): readonly Source[] => {
  const present = readdirSync(root)
  const folders = [
    'lib',
    'cli',
    'functions',
    'infra',
    'page',
    'test',
    'examples',
    'bench',
    'scripts',
  ].filter((folder) => present.includes(folder))
  const paths = folders.flatMap(filesBelow).filter((path) => /\.(ts|mjs)$/.test(path))
  return paths.toSorted().map((path) => sourceOf(path, readFileSync(join(root, path), 'utf8')))
}

/** `path:line` of an offset. */
export const placeOf = ({ path, text }: Source, offset: number): string =>
  `${path}:${text.slice(0, offset).split('\n').length}`

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value

const childrenOf = (node: Node): readonly Node[] =>
  (visitorKeys[node.type] ?? []).flatMap((key) => {
    const value: unknown = Reflect.get(node, key)
    return (Array.isArray(value) ? value : [value]).filter(isNode)
  })

/** Every node of a file with its parent, parents first. */
export function* nodesOf({ program }: Source): Generator<readonly [node: Node, parent: Node]> {
  const open: (readonly [Node, Node])[] = [[program, program]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next
    const [node] = next
    open.push(
      ...childrenOf(node)
        .map((child) => [child, node] as const)
        .toReversed(),
    )
  }
}

/**
 * A property's or member's name, where it stands in the text: `a.name`, `a['name']`, `{ name: ...
 * }`.
 */
export const nameOf = (key: Node, computed: boolean): string | undefined => {
  if (key.type === 'Literal' && typeof key.value === 'string') return key.value
  return key.type === 'Identifier' && !computed ? key.name : undefined
}
