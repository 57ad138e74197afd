import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { type Node } from 'oxc-parser'
import { nodesOf, placeOf, root, type Source } from './source.ts'

/** One import of a file: static, for a type, dynamic, or an `export ... from`. */
export interface Import {
  readonly place: string
  readonly from: string
  readonly specifier: string
  /** The file of the project that is meant, or undefined: a package or a part of Node. */
  readonly target: string | undefined
}

/** What the package's own names mean inside the project, by package.json. */
export const OWN_NAMES: Readonly<Record<string, string>> = ownNames()

/** The files that users import from, without the construct, which is built on the CDK. */
export const publicFiles: readonly string[] = Object.values(OWN_NAMES).filter((file) =>
  file.startsWith('lib/'),
)

const specifierOf = (node: Node): string | undefined => {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'TSImportType':
      return node.source.value
    case 'ExportNamedDeclaration':
      return node.source?.value
    case 'ImportExpression':
      return node.source.type === 'Literal' && typeof node.source.value === 'string'
        ? node.source.value
        : undefined
    default:
      return undefined
  }
}

/** The file that a specifier means in a file. */
export const targetOf = (from: string, specifier: string): string | undefined =>
  specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : OWN_NAMES[specifier]

export const importsOf = (source: Source): readonly Import[] => {
  const imports: Import[] = []
  for (const [node] of nodesOf(source)) {
    const specifier = specifierOf(node)
    if (specifier === undefined) continue
    imports.push({
      place: placeOf(source, node.start),
      from: source.path,
      specifier,
      target: targetOf(source.path, specifier),
    })
  }
  return imports
}

function ownNames(): Readonly<Record<string, string>> {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  }
  return Object.fromEntries(
    Object.entries(exports).flatMap(([subpath, files]) =>
      typeof files === 'string'
        ? []
        : [[`millrace${subpath.slice(1)}`, posix.normalize(files['millrace-source'] ?? '')]],
    ),
  )
}
