/** Kinds of sinks that are reached by what a secret says: a database with users of its own. */
import { MillraceError } from '../lib/base/errors.ts'
import type { DeployedResources, KindParts, NamedPath } from './deployed-kind.ts'
import type { RoleGrants } from './grants.ts'
import { secretType } from './secrets.ts'
import type { DeployedSinkKind, SinkNeed } from './sinks/sink-kind.ts'

/** What distinguishes such kinds. */
export interface SecretSink {
  /** The name of the kind, and the scheme of its places. */
  readonly name: string
  /** For messages: `PostgreSQL`. */
  readonly noun: string
  /** For messages: what the secret holds. */
  readonly holds: string
  /** For messages: how pipelines write such outputs. */
  readonly form: string
}

const secrets: RoleGrants = {
  driver: [{ by: 'code', actions: ['secretsmanager:GetSecretValue'] }],
}

/** What it stands for is not created: it has users, a network and backups of its own. */
const unbound = (name: string, { noun, holds }: SecretSink): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: `An output goes to ${noun}, and its name is bound to no secret`,
    value: name,
    allowed: `a secret that holds ${holds}`,
    fix: `bindings: { "${name}": Secret.fromSecretNameV2(stack, 'Mine', 'prod/${name}') }`,
  })

const deploy = (
  kind: SecretSink,
  needs: readonly SinkNeed[],
  { pool }: KindParts,
): DeployedResources => {
  const outputs = needs.map(({ name }) => ({
    name,
    secret: pool.obtain(secretType, name, () => {
      throw unbound(name, kind)
    }),
  }))
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, secret }) => [name, { kind: kind.name, secret: secret.secretArn }]),
    ),
    reaches: outputs.map(({ secret }) => ({
      grants: secrets,
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

/** Such a kind. */
export const secretSink = (kind: SecretSink): DeployedSinkKind<'secrets'> => ({
  name: kind.name,
  type: secretType,
  form: kind.form,
  locate(place): NamedPath | undefined {
    const [, scheme, name, path = ''] = /^([a-z]+):\/\/([^/]+)(?:\/(.*))?$/s.exec(place) ?? []
    return name === undefined || scheme !== kind.name ? undefined : { name, path }
  },
  grants: { secrets },
  // The module of the pipeline imports them, if it needs them.
  packages: [],
  deploy: (needs, parts) => deploy(kind, needs, parts),
})
