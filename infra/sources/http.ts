/**
 * Requests of HTTP as sources: a URL of intake. Each source has a path of it. Requests are signed
 * for AWS. If the names of the sources are bound to secrets, requests need the secret instead, and
 * everybody in the world can call the function.
 */
import { type FunctionUrl, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda'
import { MillraceError } from '../../lib/base/errors.ts'
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import { HTTP_REQUESTS } from '../../lib/dstream/sources/http.ts'
import type { Command, KeyUse, KindParts, Reach } from '../deployed-kind.ts'
import type { Worker } from '../functions.ts'
import type { KindGrants } from '../grants.ts'
import { type AnySecret, secretType } from '../secrets.ts'
import {
  type Connection,
  type DeployedSources,
  registerSourceKind,
  type SourceNeed,
} from './source-kind.ts'

const grants = {
  secrets: { intake: [{ by: 'code', actions: ['secretsmanager:GetSecretValue'] }] },
} satisfies KindGrants

/** A source, and the secret that its requests must have. */
interface Posted {
  readonly name: string
  readonly id: string
  /** Undefined: requests are signed. */
  readonly secret: AnySecret | undefined
}

const findPosted = (needs: readonly SourceNeed[], { pool }: KindParts): readonly Posted[] =>
  needs.map(({ name, source: { id } }) => {
    if (!pool.isGiven(name)) return { name, id, secret: undefined }
    const secret = pool.obtain(secretType, name, () => {
      throw new TypeError(`${name} is bound`)
    })
    return { name, id, secret }
  })

/** A URL has one kind of authorisation, so a source without a secret would be open to everybody. */
const checkAlike = (posted: readonly Posted[]): void => {
  const open = posted.find(({ secret }) => secret === undefined)
  const closed = posted.find(({ secret }) => secret !== undefined)
  if (open === undefined || closed === undefined) return
  throw new MillraceError('BINDING_UNFIT', {
    problem: 'The sources of requests share a URL, and only some of them are bound to a secret',
    value: `${closed.name} is, ${open.name} is not`,
    allowed: 'secrets for all of them, or for none: then requests are signed',
    fix: `bindings: { '${open.name}': secret }`,
  })
}

const urlOf = ({ function: worker }: Worker, posted: readonly Posted[]): FunctionUrl =>
  worker.addFunctionUrl({
    authType: posted.some(({ secret }) => secret !== undefined)
      ? FunctionUrlAuthType.NONE
      : FunctionUrlAuthType.AWS_IAM,
  })

const commandOf = ({ name, secret }: Posted, { url, stack: { region } }: FunctionUrl): Command => ({
  id: `Post-${name}`,
  value:
    secret === undefined
      ? `curl --aws-sigv4 aws:amz:${region}:lambda --user KEY:SECRET --data '/home' ${url}${name}`
      : `curl --header 'Authorization: Bearer SECRET' --data '/home' ${url}${name}`,
  description: `Posts a record: ${name}`,
})

const connect = (intake: Worker, posted: readonly Posted[]): Connection => {
  const url = urlOf(intake, posted)
  return { mappings: [], alarms: [], url, commands: posted.map((one) => commandOf(one, url)) }
}

/** A secret that is known by its name has an ARN without the six characters at its end. */
const arnOf = ({ secretFullArn, secretArn }: AnySecret): string =>
  secretFullArn === undefined ? `${secretArn}-??????` : secretArn

const reachOf = ({ secret }: Posted): readonly Reach[] =>
  secret === undefined ? [] : [{ grants: grants.secrets, arnOf: () => arnOf(secret) }]

const keyOf = ({ secret }: Posted): KeyUse => ({
  key: secret?.encryptionKey,
  role: 'intake',
  use: 'decrypt',
})

const deploy = (needs: readonly SourceNeed[], parts: KindParts): DeployedSources => {
  const posted = findPosted(needs, parts)
  checkAlike(posted)
  return {
    locations: Object.fromEntries(
      posted.map(({ id, name, secret }) => [
        id,
        { kind: 'http', name, ...(secret === undefined ? {} : { secret: secret.secretArn }) },
      ]),
    ),
    reaches: posted.flatMap(reachOf),
    keys: posted.map(keyOf),
    commands: [],
    connect: (intake) => connect(intake, posted),
  }
}

registerSourceKind({
  name: 'http',
  type: secretType,
  gives: [TEXT, HTTP_REQUESTS],
  // A source of another kind that is bound to a secret is a mistake.
  isAlone: true,
  declaredKind: 'http',
  grants,
  // The module of the pipeline imports what it needs.
  packages: [],
  deploy,
})
