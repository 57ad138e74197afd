/** The policies of the roles: each action only on the resources that it is meant for. */
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { answersPrefix } from '../lib/base/answers-prefix.ts'
import { namePart } from '../lib/base/name-part.ts'
import { acknowledge } from './acknowledge.ts'
import { type AnyBucket, arnInBucket } from './buckets.ts'
import type { KeyUse, Reach } from './deployed-kind.ts'
import { allow, type Worker } from './functions.ts'
import type { AnyTable } from './resources.ts'
import { actionsOf, distinctActions, type Role, roleGrants } from './grants.ts'

/** The functions by their roles. */
export interface Workers {
  readonly intake: Worker
  readonly driver: Worker
  /** They share their role. */
  readonly executors: readonly Worker[]
}

/** Resources of an application that all roles use. */
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
  { grants: roleGrants('answers'), arnOf: arnInBucket(blocks, answersPrefix(app)) },
  { grants: roleGrants('triggers'), arnOf: () => triggers.queueArn },
]

const ownKeys = ({ table, blocks }: OwnResources): readonly KeyUse[] =>
  [table.encryptionKey, blocks.encryptionKey].flatMap((key) => [
    { key, role: 'intake' as const, use: 'both' as const },
    { key, role: 'driver' as const, use: 'both' as const },
    // The table is only read, but answers are written.
    {
      key,
      role: 'executor' as const,
      use: key === blocks.encryptionKey ? ('both' as const) : ('decrypt' as const),
    },
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

/** Gives all roles what they need. */
export const grantRights = (
  { intake, driver, executors }: Workers,
  own: OwnResources,
  kinds: KindRights,
): void => {
  const [executor] = executors
  const workers = new Map<Role, Worker>([
    ['intake', intake],
    ['driver', driver],
    ...(executor === undefined ? [] : [['executor', executor] as const]),
  ])
  const reaches = [...ownReaches(own), ...kinds.reaches]
  for (const [role, worker] of workers) for (const reach of reaches) allowReach(role, worker, reach)
  for (const use of [...ownKeys(own), ...kinds.keys]) {
    const worker = workers.get(use.role)
    if (worker !== undefined) allowKey(worker, use)
  }
  for (const worker of workers.values()) acknowledgeKeys(worker)
  if (executor !== undefined) allowInvoking(driver, executors)
}

/**
 * In a policy of its own, which comes after the executors. These come after the number of the
 * deployment, which comes after all that the driver is made of, its own policy among them.
 */
const allowInvoking = (
  { function: { node }, role }: Worker,
  executors: readonly Worker[],
): Policy =>
  new Policy(node.scope as Construct, 'InvokingPolicy', {
    roles: [role],
    statements: [
      new PolicyStatement({
        actions: [...actionsOf('driver', 'executors')],
        resources: executors.map((executor) => executor.function.functionArn),
      }),
    ],
  })
