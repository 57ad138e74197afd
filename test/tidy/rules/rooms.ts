import { type Import, importsOf } from '../imports.ts'
import { type Findings, type Source } from '../source.ts'

/**
 * What each room may import beside itself: the picture in docs/internals/architecture.md, as data.
 * `adapters` are the files that adapters share.
 */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  formats: ['base'],
  ports: ['base'],
  'state/operator': ['base'],
  rdd: ['formats', 'base'],
  dstream: ['state/operator', 'rdd', 'formats', 'base'],
  state: ['state/operator', 'ports', 'rdd', 'base'],
  runtime: ['dstream', 'state', 'state/operator', 'rdd', 'formats', 'ports', 'base'],
  adapters: ['ports', 'base'],
  'adapters/memory': ['adapters', 'ports', 'base'],
  'adapters/local': ['adapters', 'adapters/memory', 'formats', 'ports', 'base'],
  'adapters/aws': ['adapters', 'ports', 'base'],
  tools: ['dstream', 'base'],
  sinks: ['runtime', 'rdd', 'formats', 'ports', 'adapters/aws', 'base'],
  testing: [
    'runtime',
    'dstream',
    'state',
    'state/operator',
    'rdd',
    'formats',
    'ports',
    'adapters',
    'adapters/memory',
    'base',
  ],
  access: [
    'runtime',
    'state',
    'ports',
    'adapters',
    'adapters/local',
    'adapters/aws',
    'tools',
    'base',
  ],
  index: ['access', 'dstream', 'state/operator', 'rdd', 'formats', 'base'],
  sources: ['runtime', 'dstream', 'adapters/aws'],
  ml: ['dstream', 'state/operator', 'rdd', 'base'],
  graph: ['rdd', 'base'],
  sql: ['dstream', 'rdd', 'formats', 'adapters/local', 'adapters/aws', 'base'],
  telemetry: ['dstream', 'base'],
  cli: [
    'page',
    'access',
    'sinks',
    'runtime',
    'dstream',
    'state',
    'ports',
    'adapters',
    'adapters/memory',
    'adapters/local',
    'adapters/aws',
    'tools',
    'base',
  ],
  functions: [
    'index',
    'runtime',
    'dstream',
    'ports',
    'adapters',
    'adapters/local',
    'adapters/aws',
    'base',
  ],
  infra: ['tools', 'dstream', 'base'],
  page: [],
  examples: ['index', 'formats', 'sinks', 'sources', 'ml', 'graph', 'sql'],
}

/** Folders that may import whatever they like, and that no room may import. */
const OUTSIDE = ['test', 'bench', 'scripts']

export const roomOf = (path: string): string => {
  const [folder = '', room = '', place = ''] = path.split('/')
  if (folder !== 'lib') return folder
  if (room === 'index.ts') return 'index'
  if (room === 'state' && place === 'operator') return 'state/operator'
  return room === 'adapters' && !place.endsWith('.ts') ? `adapters/${place}` : room
}

const breachOf = ({ place, from, specifier, target }: Import): string | undefined => {
  const room = roomOf(from)
  if (OUTSIDE.includes(room)) return undefined
  const allowed = ROOMS[room]
  if (allowed === undefined)
    return (
      `${place} ${room} is no room of the house: draw it in test/tidy/rules/rooms.ts and ` +
      'docs/internals/architecture.md'
    )
  if (room === 'examples' && specifier.startsWith('.'))
    return `${place} an example imports what a user can, not '${specifier}'`
  if (target === undefined || roomOf(target) === room || allowed.includes(roomOf(target)))
    return undefined
  return `${place} ${room} may not import ${roomOf(target)}`
}

/** Imports between rooms go one way. */
export const roomBreaches = (sources: readonly Source[]): Findings =>
  sources.flatMap(importsOf).flatMap((found) => breachOf(found) ?? [])
