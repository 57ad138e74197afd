/** Writes rows into Redis. */
import { loadPackage } from '../../base/load-package.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { connectionStringOf } from '../postgres/connection-string.ts'
import { encodeRows } from '../rows/encode-rows.ts'
import type { Row } from '../../rdd/sink-declaration.ts'

/** A server: by its URL, or by the name or ARN of the secret that holds it. */
interface RedisLocation extends Location {
  readonly kind: 'redis'
  readonly url?: string
  readonly secret?: string
}

type RedisSinkLocation = RedisLocation & SinkLocation

const FORM = 'redis://USER:PASSWORD@HOST:PORT'

const form: LocationForm<RedisLocation> = {
  shown: FORM,
  example: 'redis://localhost:6379',
  schemes: ['redis', 'rediss'],
  parse(uri) {
    if (URL.canParse(uri) && new URL(uri).hostname !== '') return { kind: 'redis', url: uri }
    // The text may have a password.
    throw invalidLocation('This is not the location of a server of Redis', 'redis://...', {
      allowed: FORM,
      fix: 'encode characters of a password that a URI does not allow: %40 for @',
    })
  },
}

const isRedis = (location: Location): location is RedisLocation => location.kind === 'redis'

const redisKind: SinkKind<RedisSinkLocation, readonly Row[]> = {
  name: 'redis',
  noun: 'a server of Redis',
  form,
  takes: ['rows'],
  isAvailable: ({ connections }) => connections !== undefined,
  locateBound(location, path) {
    if (!isRedis(location)) throw new TypeError(`${location.kind} is no server of Redis`)
    return { ...location, path }
  },
  parseDeployed: ({ secret }): RedisLocation | undefined =>
    typeof secret === 'string' && secret !== '' ? { kind: 'redis', secret } : undefined,
  deployedForm: '{ "kind": "redis", "secret": "name or ARN" }',
  key: ({ url, secret }) => url ?? secret ?? '',
  async open({ url, secret }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no connections in this world')
    const { clock } = connections
    const location = url ?? (await connectionString(secret ?? ''))
    const { redisSink } = await loadPackage('Redis', () => import('./redis-database.ts'))
    return redisSink({ url: location, clock })
  },
  encode: encodeRows,
}

const connectionString = async (secret: string): Promise<string> => {
  const { readSecret } = await loadPackage('AWS', () => import('../../adapters/aws/secret.ts'))
  return connectionStringOf(await readSecret(secret), secret)
}

registerSinkKind(redisKind)
