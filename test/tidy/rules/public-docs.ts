import { type Node } from 'oxc-parser'
import { publicFiles, targetOf } from '../imports.ts'
import { type Findings, nameOf, placeOf, type Source } from '../source.ts'

/**
 * Where a public name is declared; a function may be declared several times, once for each
 * overload.
 */
interface Declared {
  readonly source: Source
  readonly name: string
  readonly nodes: readonly Statement[]
}

/** A declaration and the statement it stands in, which is what a comment precedes. */
interface Statement {
  readonly statement: Node
  readonly declaration: Node
}

type Sources = ReadonlyMap<string, Source>

const statementsOf = ({ program }: Source): readonly Statement[] =>
  program.body.flatMap((statement) => {
    const declaration: Node | null =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    return declaration === null ? [] : [{ statement, declaration }]
  })

const declares = ({ declaration }: Statement, name: string): boolean => {
  if (declaration.type === 'VariableDeclaration')
    return declaration.declarations.some(({ id }) => nameOf(id, false) === name)
  return (
    'id' in declaration && declaration.id !== null && nameOf(declaration.id as Node, false) === name
  )
}

/** Where a name that a file exports is declared, however many files pass it on. */
const resolve = (sources: Sources, path: string, name: string): Declared | undefined => {
  const source = sources.get(path)
  if (source === undefined) return undefined
  const nodes = statementsOf(source).filter((statement) => declares(statement, name))
  if (nodes.length > 0) return { source, name, nodes }
  for (const [from, theirs] of passedOn(source, name)) {
    const found = resolve(sources, from, theirs)
    if (found !== undefined) return found
  }
  return undefined
}

/** From which files, and under which name there, a file may have got a name it does not declare. */
const passedOn = (
  { path, program }: Source,
  name: string,
): readonly (readonly [path: string, name: string])[] =>
  program.body.flatMap((statement) => {
    if (!('source' in statement) || statement.source === null) return []
    const target = targetOf(path, statement.source.value)
    if (target === undefined) return []
    if (statement.type === 'ExportAllDeclaration') return [[target, name] as const]
    const renamed = statement.specifiers.map((specifier) => {
      if (specifier.type === 'ExportSpecifier')
        return [nameOf(specifier.exported, false), nameOf(specifier.local, false)] as const
      return [
        specifier.local.name,
        specifier.type === 'ImportSpecifier' ? nameOf(specifier.imported, false) : 'default',
      ] as const
    })
    return renamed.flatMap(([mine, theirs]) =>
      mine === name && theirs !== undefined ? [[target, theirs] as const] : [],
    )
  })

const boundNames = ({ declaration }: Statement): readonly string[] => {
  if (declaration.type === 'VariableDeclaration')
    return declaration.declarations.flatMap(({ id }) => nameOf(id, false) ?? [])
  return 'id' in declaration && declaration.id !== null
    ? [nameOf(declaration.id as Node, false) ?? '']
    : []
}

/** Every name that a file exports, those of `export *` included. */
const exportedNames = (sources: Sources, path: string): readonly string[] => {
  const source = sources.get(path)
  if (source === undefined) return []
  return source.program.body.flatMap((statement) => {
    if (statement.type === 'ExportAllDeclaration')
      return exportedNames(sources, targetOf(path, statement.source.value) ?? '')
    if (statement.type !== 'ExportNamedDeclaration') return []
    const listed = statement.specifiers.flatMap(({ exported }) => nameOf(exported, false) ?? [])
    return statement.declaration === null
      ? listed
      : boundNames({ statement, declaration: statement.declaration })
  })
}

const docOf = ({ text, comments }: Source, { start }: Node): string | undefined => {
  const comment = comments.findLast(({ end }) => end <= start)
  const isDoc =
    comment?.type === 'Block' &&
    comment.value.startsWith('*') &&
    text.slice(comment.end, start).trim() === ''
  return isDoc ? comment.value : undefined
}

const isCallable = ({ declaration }: Statement): boolean => {
  if (/Function|^Class/.test(declaration.type)) return true
  return (
    declaration.type === 'VariableDeclaration' &&
    declaration.declarations.some(({ init }) => init?.type.includes('Function') === true)
  )
}

const breachOf = ({ source, name, nodes }: Declared): string | undefined => {
  const place = placeOf(source, nodes[0]?.declaration.start ?? 0)
  const docs = nodes.flatMap(({ statement }) => docOf(source, statement) ?? [])
  if (docs.length === 0) return `${place} ${name} is public and has no JSDoc`
  if (!nodes.some(isCallable) || docs.some((doc) => /@example|```/.test(doc))) return undefined
  return `${place} ${name} is public and its JSDoc shows no example`
}

/** Every public name has JSDoc; a function or a class shows an example. */
export const undocumented = (sources: readonly Source[]): Findings => {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const findings = publicFiles.flatMap((entry) =>
    exportedNames(byPath, entry).map((name) => {
      const declared = resolve(byPath, entry, name)
      return declared === undefined ? `${entry} ${name} is declared nowhere` : breachOf(declared)
    }),
  )
  return [...new Set(findings.filter((finding) => finding !== undefined))]
}
