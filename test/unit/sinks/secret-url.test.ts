import { expect, it } from 'vitest'
import { secretUrl, type SecretKind } from '../../../lib/sinks/connected/secret-kind.ts'
import { postgresKind } from '../../../lib/sinks/postgres/kind.ts'
import { redisKind } from '../../../lib/sinks/redis/kind.ts'

const KINDS: Readonly<Record<string, SecretKind<never>>> = {
  postgres: postgresKind as SecretKind<never>,
  redis: redisKind as SecretKind<never>,
}
const RDS = { username: 'ann', password: 'a b@/', host: 'db.example', port: 6000, dbname: 'shop' }

it.each<readonly [kind: string, secret: unknown, url: string]>([
  ['postgres', 'postgres://ann@db.example/shop', 'postgres://ann@db.example/shop'],
  ['postgres', 'postgresql://ann@db.example/shop\n', 'postgresql://ann@db.example/shop'],
  ['postgres', { url: 'postgres://db.example' }, 'postgres://db.example'],
  ['postgres', RDS, 'postgres://ann:a%20b%40%2F@db.example:6000/shop?sslmode=verify-full'],
  [
    'postgres',
    { username: 'ann', password: 'x', host: 'db.example' },
    'postgres://ann:x@db.example:5432/postgres?sslmode=verify-full',
  ],
  ['redis', 'redis://cache.example:6379', 'redis://cache.example:6379'],
  ['redis', { ...RDS, url: 'rediss://cache.example' }, 'rediss://cache.example'],
  ['redis', RDS, 'redis://ann:a%20b%40%2F@db.example:6000'],
  ['redis', { ...RDS, tls: true, db: 3 }, 'rediss://ann:a%20b%40%2F@db.example:6000/3'],
  ['redis', { ...RDS, ssl: 'true' }, 'rediss://ann:a%20b%40%2F@db.example:6000'],
  ['redis', { ...RDS, tls: false }, 'redis://ann:a%20b%40%2F@db.example:6000'],
  ['redis', { host: 'cache.example' }, 'redis://cache.example:6379'],
  ['redis', { host: '::1', password: 'x' }, 'redis://:x@[::1]:6379'],
])('makes a URL of %s of a secret: %j', (kind, secret, url) => {
  const text = typeof secret === 'string' ? secret : JSON.stringify(secret)

  expect(secretUrl(KINDS[kind] as SecretKind<never>, text, 'prod/x')).toBe(url)
})

it.each<readonly [kind: string, secret: string]>([
  ['postgres', ''],
  ['postgres', 'hunter2'],
  ['postgres', 'redis://hunter2@cache.example'],
  ['postgres', JSON.stringify({ username: 'ann', password: 'hunter2' })],
  ['postgres', JSON.stringify({ password: 'hunter2', host: 'db.example' })],
  ['redis', 'postgres://hunter2@db.example/shop'],
  ['redis', JSON.stringify({ password: 'hunter2' })],
  ['redis', JSON.stringify({ host: 5, password: 'hunter2' })],
  ['redis', 'null'],
])('refuses a secret of %s without telling it: %s', (kind, secret) => {
  const make = (): string => secretUrl(KINDS[kind] as SecretKind<never>, secret, 'prod/x')

  expect(make).toThrow(/A secret has no URL of .*given: +"prod\/x"/s)
  expect(make).not.toThrow(/hunter2/)
})
