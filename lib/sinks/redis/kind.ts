/** Writes rows into Redis. */
import { loadPackage } from '../../base/load-package.ts'
import type { Row } from '../../rdd/sink-declaration.ts'
import {
  registerSecretKind,
  type SecretFields,
  type SecretKind,
  serverOf,
} from '../connected/secret-kind.ts'
import { serverAt } from '../connected/server-at.ts'
import { encodeRows } from '../rows/encode-rows.ts'

const isTrue = (value: unknown): boolean => value === true || value === 'true'

/** A user and a database are not needed. TLS is used where the secret says so. */
const urlOf = (fields: SecretFields): string | undefined => {
  const { tls, ssl, db } = fields
  const server = serverOf(fields, 6379)
  if (server === undefined) return undefined
  const scheme = isTrue(tls) || isTrue(ssl) ? 'rediss' : 'redis'
  return `${scheme}://${server}${db === undefined ? '' : `/${encodeURIComponent(String(db))}`}`
}

/** Redis, as it says of itself. */
export const redisKind: SecretKind<readonly Row[]> = {
  name: 'redis',
  noun: 'a server of Redis',
  form: {
    shown: 'redis://USER:PASSWORD@HOST:PORT',
    example: 'redis://localhost:6379',
    schemes: ['redis', 'rediss'],
  },
  takes: ['rows'],
  urlOf,
  placeAt: ({ hostname, port, pathname }) =>
    `${serverAt(hostname, port, 6379)}/${Number(pathname.slice(1))}`,
  fields: 'host, and perhaps port, username, password, db, and tls: true',
  async connect(url, { clock }) {
    const { redisSink } = await loadPackage('Redis', () => import('./redis-database.ts'))
    return redisSink({ url, clock })
  },
  encode: encodeRows,
}

registerSecretKind(redisKind)
