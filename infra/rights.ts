/** The policies of the two roles: each action only on the resources that it is meant for. */
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { namePart } from '../lib/base/name-part.ts'
import { acknowledge } from './acknowledge.ts'
import { type AnyBucket, arnInBucket } from './buckets.ts'
import type { KeyUse, Reach } from './deployed-kind.ts'
import { allow, type Worker } from './functions.ts'
import type { AnyTable } from './resources.ts'
import { distinctActions, type Role, roleGrants } from './grants.ts'

/** The functions by their roles. */
export type Workers = Readonly<Record<Role, Worker>>

/** Resources of an application that both roles use. */
export interface OwnResources {
  /** The name of the application in the table. */
  readonly app: string
  readonly table: AnyTable
  readonly blocks: AnyBucket
  readonly triggers: IQueue
}

/** What the sources and outputs need. */
export interface KindRights {
  readonly reaches: readonly Reach[]
  readonly keys: readonly KeyUse[]
}

/** The condition that limits a statement to the items of one application. */
export const itemsOf = (
  app: string,
  kinds: readonly string[] = ['*'],
): Record<string, Record<string, unknown>> => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': kinds.map((kind) => `${app}#${kind}`) },
})

const ownReaches = ({ app, table, blocks, triggers }: OwnResources): readonly Reach[] => [
  { grants: roleGrants('table'), arnOf: () => table.tableArn, conditions: itemsOf(app) },
  { grants: roleGrants('blocks'), arnOf: arnInBucket(blocks, namePart(app)) },
  { grants: roleGrants('triggers'), arnOf: () => triggers.queueArn },
]

const ownKeys = ({ table, blocks }: OwnResources): readonly KeyUse[] =>
  [table.encryptionKey, blocks.encryptionKey].flatMap((key) => [
    { key, role: 'intake' as const, use: 'both' as const },
    { key, role: 'driver' as const, use: 'both' as const },
  ])

const allowReach = (role: Role, { policy }: Worker, { grants, arnOf, conditions }: Reach): void => {
  const byArn = Map.groupBy(distinctActions(grants[role]), (action) => arnOf(action))
  for (const [arn, actions] of byArn) allow(policy, actions, arn, conditions)
}

const allowKey = ({ role }: Worker, { key, use }: KeyUse): void => {
  if (use === 'decrypt') key?.grantDecrypt(role)
  else if (use === 'encrypt') key?.grantEncrypt(role)
  else key?.grantEncryptDecrypt(role)
}

/** Actions on keys that end in an asterisk. */
const KEY_ACTIONS = ['kms:GenerateDataKey*', 'kms:ReEncrypt*']

/** Explains the asterisks of a role that may use keys. */
export const acknowledgeKeys = ({ role }: Pick<Worker, 'role'>): void => {
  for (const action of KEY_ACTIONS)
    acknowledge(
      role,
      `AwsSolutions-IAM5[Action::${action}]`,
      'The CDK grants keys so. The asterisk stands for variants of one action on one key.',
    )
}

/** Gives both roles what they need. */
export const grantRights = (workers: Workers, own: OwnResources, kinds: KindRights): void => {
  const reaches = [...ownReaches(own), ...kinds.reaches]
  for (const role of ['intake', 'driver'] as const)
    for (const reach of reaches) allowReach(role, workers[role], reach)
  for (const use of [...ownKeys(own), ...kinds.keys]) allowKey(workers[use.role], use)
  for (const worker of [workers.intake, workers.driver]) acknowledgeKeys(worker)
}
