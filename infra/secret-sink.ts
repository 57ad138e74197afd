/** Kinds of sinks that are reached by what a secret says: a database with users of its own. */
import { MillraceError } from '../lib/base/errors.ts'
import { resourceSink } from './resource-sink.ts'
import { secretType } from './secrets.ts'
import type { DeployedSinkKind } from './sinks/sink-kind.ts'

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

/** What it stands for is not created: it has users, a network and backups of its own. */
const unbound = (name: string, { noun, holds }: SecretSink): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: `An output goes to ${noun}, and its name is bound to no secret`,
    value: name,
    allowed: `a secret that holds ${holds}`,
    fix: `bindings: { "${name}": Secret.fromSecretNameV2(stack, 'Mine', 'prod/${name}') }`,
  })

/** Such a kind. */
export const secretSink = (kind: SecretSink): DeployedSinkKind<'secrets'> =>
  resourceSink({
    name: kind.name,
    type: secretType,
    form: kind.form,
    places: new RegExp(`^${kind.name}://([^/]+)(?:/(.*))?$`, 's'),
    actions: ['secretsmanager:GetSecretValue'],
    // The module of the pipeline imports them, if it needs them.
    packages: [],
    create({ name }) {
      throw unbound(name, kind)
    },
    locationOf: ({ secretArn }) => ({ secret: secretArn }),
    // A secret that is known by its name has an ARN without the six characters at its end.
    arnOf: ({ secretArn, secretFullArn }) =>
      secretFullArn === undefined ? `${secretArn}-??????` : secretArn,
    keyOf: ({ encryptionKey }) => ({ key: encryptionKey, use: 'decrypt' }),
  })
