import { type Node } from 'oxc-parser'
import { importsOf } from '../imports.ts'
import { type Findings, nameOf, nodesOf, placeOf, type Source } from '../source.ts'

/** Where a kind of source or sink lives, in each part of the house. */
const HOMES = [
  // The places of the kind of files, which its source and its sink share.
  /^lib\/runtime\/directories\.ts(?<kind>)$/,
  /^lib\/runtime\/(sources|sinks)\/(?<kind>[a-z-]+)\//,
  /^lib\/dstream\/sources\/(?<kind>[a-z-]+)\.ts$/,
  /^lib\/testing\/harness\/feeds\/(?<kind>[a-z-]+)\.ts$/,
  /^infra\/(sources|sinks)\/(?<kind>[a-z-]+)(\.ts$|\/)/,
]

/**
 * What gives the kinds their ports in one world: the command line, the functions, the simulator.
 * And what speaks to a service for all kinds, such as the queue of triggers.
 */
const WORLDS = [
  'cli/local-ports.ts',
  'cli/open-deployed.ts',
  'functions/aws-ports.ts',
  'functions/aws-sinks.ts',
  'functions/trigger-queue.ts',
  'infra/index.ts',
  'infra/queues.ts',
  'lib/testing/harness/image.ts',
  'lib/testing/simulation/',
  'lib/adapters/',
  'lib/index.ts',
  // What pipelines import by name.
  'lib/sinks/',
  'lib/sources/',
]

/** Names of kinds that mean nothing else. The others, as `files`, are words of everyday use. */
const TELLING_NAMES = /kafka|kinesis|mqtt|sqs|socket/i

const KIND_NAMES = [
  'kafka',
  'kinesis',
  'mqtt',
  'objects',
  'files',
  'socket',
  'queue',
  'receiver',
  'sqs',
  'stdin',
  'demo',
  'print',
  'dynamodb',
]

const kindOf = (path: string): string | undefined =>
  HOMES.map((home) => home.exec(path)?.groups?.['kind']).find((kind) => kind !== undefined)

const isRegister = (path: string): boolean => path.endsWith('/all.ts')

/** Lanes are not a kind: kinds share them. */
const isKindFolder = (path: string): boolean =>
  /^lib\/runtime\/(sources|sinks)\/[a-z-]+\//.test(path) && kindOf(path) !== 'lanes'

const isWorld = (path: string): boolean => WORLDS.some((world) => path.startsWith(world))

const strayImports = (source: Source): Findings => {
  const own = kindOf(source.path)
  return importsOf(source).flatMap(({ place, target }) => {
    if (target === undefined || !isKindFolder(target)) return []
    const kind = kindOf(target)
    return kind === own ? [] : [`${place} imports the kind ${kind} from outside its folder`]
  })
}

const isKindOf = (node: Node): boolean =>
  node.type === 'MemberExpression'
    ? nameOf(node.property, node.computed) === 'kind'
    : nameOf(node, false) === 'kind'

/** The value that is compared with a kind or set as one: `kind === 'files'`, `kind: 'files'`. */
const kindValue = (node: Node, parent: Node): Node | null => {
  if (node.type === 'BinaryExpression') return /^[!=]==$/.test(node.operator) ? node.right : null
  if (node.type === 'SwitchCase')
    return parent.type === 'SwitchStatement' && isKindOf(parent.discriminant) ? node.test : null
  const isKind = node.type === 'Property' && nameOf(node.key, node.computed) === 'kind'
  return isKind ? node.value : null
}

const kindNamed = (node: Node, parent: Node): string | undefined => {
  const value = kindValue(node, parent)
  if (value?.type !== 'Literal' || typeof value.value !== 'string') return undefined
  return KIND_NAMES.find((name) => name === value.value)
}

const tellingName = (node: Node): string | undefined =>
  node.type === 'Identifier' && TELLING_NAMES.test(node.name) ? node.name : undefined

const strayNames = (source: Source): Findings => {
  if (kindOf(source.path) !== undefined) return []
  return [...nodesOf(source)].flatMap(([node, parent]) => {
    const name = tellingName(node) ?? kindNamed(node, parent)
    return name === undefined ? [] : [`${placeOf(source, node.start)} names a kind: ${name}`]
  })
}

/** No file but its own names a kind of source or sink, so that a kind is added in one place. */
export const strayKinds = (sources: readonly Source[]): Findings =>
  sources
    .filter(({ path }) => /^(lib|cli|functions|infra)\//.test(path))
    .filter(({ path }) => !isWorld(path) && !isRegister(path))
    .flatMap((source) => [...strayImports(source), ...strayNames(source)])
