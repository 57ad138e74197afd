import { type Node } from 'oxc-parser'
import { type Findings, nameOf, nodesOf, placeOf, type Source } from '../source.ts'
import { roomOf } from './rooms.ts'

/**
 * What only adapters and the testing room may touch, and what the command line may touch as well.
 */
const TIME_AND_CHANCE = [
  'Date.now',
  'performance.now',
  'performance.timeOrigin',
  'Math.random',
  'process.hrtime',
  'AbortSignal.timeout',
]
const RANDOM_NAMES = [
  'randomUUID',
  'randomBytes',
  'randomInt',
  'randomFill',
  'randomFillSync',
  'getRandomValues',
  'webcrypto',
]
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate']
const TIMER_MODULES = ['timers', 'timers/promises', 'perf_hooks']
const SURROUNDINGS = ['process.env', 'process.cwd', 'process.argv']
const SURROUNDING_MODULES = [
  'fs',
  'fs/promises',
  'net',
  'http',
  'https',
  'http2',
  'tls',
  'dgram',
  'dns',
  'os',
  'process',
  'child_process',
  'sqlite',
]

interface Ban {
  readonly names: ReadonlySet<string>
  readonly modules: ReadonlySet<string>
}

const commandLineBan: Ban = {
  names: new Set([...TIME_AND_CHANCE, ...RANDOM_NAMES.map((name) => `crypto.${name}`)]),
  modules: new Set(TIMER_MODULES),
}
const libraryBan: Ban = {
  names: new Set([...commandLineBan.names, ...SURROUNDINGS]),
  modules: new Set([...TIMER_MODULES, ...SURROUNDING_MODULES]),
}

/** A kind of sink that users name has its adapter in its folder. */
const ADAPTER_OF_SINK = /^lib\/sinks\/\w+\/[\w-]+-(database|sender)\.ts$/

const banOf = (path: string): Ban | undefined => {
  const room = roomOf(path)
  if (room === 'cli' || room === 'tools') return commandLineBan
  const isAdapter = room.startsWith('adapters/') || ADAPTER_OF_SINK.test(path)
  return path.startsWith('lib/') && !isAdapter && room !== 'testing' ? libraryBan : undefined
}

/** The names that an expression or a destructuring takes out of a global, as `Date.now`. */
const membersOf = (node: Node): readonly string[] => {
  if (node.type === 'MemberExpression') {
    const owner =
      node.object.type === 'MemberExpression'
        ? nameOf(node.object.property, node.object.computed)
        : nameOf(node.object, false)
    return [`${owner}.${nameOf(node.property, node.computed)}`]
  }
  if (
    node.type !== 'VariableDeclarator' ||
    node.id.type !== 'ObjectPattern' ||
    node.init?.type !== 'Identifier'
  )
    return []
  const owner = node.init.name
  return node.id.properties.flatMap((property) =>
    property.type === 'Property' ? [`${owner}.${nameOf(property.key, property.computed)}`] : [],
  )
}

/** The names taken out of a module, as `crypto.randomBytes`; of a module as a whole, its name. */
const importedNames = (node: Node): readonly string[] => {
  if (node.type !== 'ImportDeclaration') return []
  const module = node.source.value.replace(/^node:/, '')
  const names = node.specifiers.flatMap((specifier) =>
    specifier.type === 'ImportSpecifier' ? (nameOf(specifier.imported, false) ?? []) : [],
  )
  return [module, ...names.map((name) => `${module}.${name}`)]
}

const timerOf = (node: Node, parent: Node): string | undefined => {
  if (node.type !== 'Identifier' || !TIMERS.includes(node.name)) return undefined
  const isMember =
    parent.type === 'MemberExpression' &&
    parent.property === node &&
    nameOf(parent.object, false) !== 'globalThis'
  const isKey =
    'key' in parent && parent.key === node && !('shorthand' in parent && parent.shorthand)
  return isMember || isKey ? undefined : node.name
}

const clocklessDate = (node: Node): string | undefined => {
  if (node.type === 'CallExpression' && nameOf(node.callee, false) === 'Date') return 'Date()'
  return node.type === 'NewExpression' &&
    nameOf(node.callee, false) === 'Date' &&
    node.arguments.length === 0
    ? 'new Date()'
    : undefined
}

const bannedIn = (node: Node, parent: Node, { names, modules }: Ban): readonly string[] => [
  ...membersOf(node).filter((name) => names.has(name)),
  ...importedNames(node).filter((name) => names.has(name) || modules.has(name)),
  ...[timerOf(node, parent), clocklessDate(node)].filter((name) => name !== undefined),
]

/** Time, randomness, timers and what surrounds the process reach the library through ports only. */
export const machineBreaches = (sources: readonly Source[]): Findings =>
  sources.flatMap((source) => {
    const ban = banOf(source.path)
    if (ban === undefined) return []
    const found = [...nodesOf(source)].flatMap(([node, parent]) =>
      bannedIn(node, parent, ban).map(
        (name) => `${placeOf(source, node.start)} ${name} belongs behind a port`,
      ),
    )
    return [...new Set(found)]
  })
