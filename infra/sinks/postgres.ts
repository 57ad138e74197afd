/** Databases of PostgreSQL as outputs: the secrets that say how to reach them. */
import { MillraceError } from '../../lib/base/errors.ts'
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { KindGrants } from '../grants.ts'
import { secretType } from '../secrets.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

const grants = {
  secrets: { driver: [{ by: 'code', actions: ['secretsmanager:GetSecretValue'] }] },
} satisfies KindGrants

const URI = /^postgres:\/\/([^/]+)(?:\/(.*))?$/s

const locate = (place: string): NamedPath | undefined => {
  const [, name, path = ''] = URI.exec(place) ?? []
  return name === undefined ? undefined : { name, path }
}

/** A database is not made beside: it has users, a network and backups of its own. */
const unbound = (name: string): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: 'An output goes to PostgreSQL, and its name is bound to no secret',
    value: name,
    allowed: 'a secret that holds a connection string, or what Amazon RDS writes into one',
    fix: `bindings: { "${name}": Secret.fromSecretNameV2(stack, 'Database', 'scores') }`,
  })

const deploy = (needs: readonly SinkNeed[], { pool }: KindParts): DeployedResources => {
  const outputs = needs.map(({ name }) => ({
    name,
    secret: pool.obtain(secretType, name, () => {
      throw unbound(name)
    }),
  }))
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, secret }) => [name, { kind: 'postgres', secret: secret.secretArn }]),
    ),
    reaches: outputs.map(({ secret }) => ({
      grants: grants.secrets,
      // A secret that is known by its name has an ARN without the six characters at its end.
      arnOf: () =>
        secret.secretFullArn === undefined ? `${secret.secretArn}-??????` : secret.secretArn,
    })),
    keys: outputs.map(({ secret }) => ({
      key: secret.encryptionKey,
      role: 'driver',
      use: 'decrypt',
    })),
    commands: [],
  }
}

registerSinkKind({
  name: 'postgres',
  type: secretType,
  form: 'postgres://NAME/TABLE, by saveTo(postgres(...))',
  locate,
  grants,
  // The module of the pipeline imports them, if it needs them.
  packages: [],
  deploy,
})
