/** Who may do what: the policies of the two roles, each action on the resources and names that it is for. */
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { acknowledge } from './acknowledge.ts'
import type { AnyBucket, AnyStream } from './bindings.ts'
import { allow, type Worker } from './functions.ts'
import { actionsOf, isBucketAction, type Role, type Subject } from './grants.ts'

/** Objects of a bucket whose keys begin with a prefix. */
export interface BucketPart {
  readonly bucket: AnyBucket
  readonly prefix: string
}

/** All that the two roles reach. */
export interface Reach {
  readonly app: string
  readonly table: Table
  readonly blocks: AnyBucket
  readonly triggers: IQueue
  readonly notifications: IQueue | undefined
  readonly streams: readonly AnyStream[]
  readonly objects: readonly BucketPart[]
  readonly outputs: readonly BucketPart[]
  readonly discards: AnyBucket | undefined
}

/** Conditions that hold a statement to the items of one application. */
export const itemsOf = (app: string, kind = '*'): Record<string, unknown> => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${app}#${kind}`] },
})

const allowParts = (
  role: Role,
  { policy }: Worker,
  subject: Subject,
  parts: readonly BucketPart[],
): void => {
  const actions = actionsOf(role, subject)
  for (const { bucket, prefix } of parts) {
    allow(
      policy,
      actions.filter((action) => !isBucketAction(action)),
      [bucket.arnForObjects(`${prefix}*`)],
    )
    // Without a condition on the prefix: S3 says "not there" instead of "denied" of a missing object only to those who may list the bucket.
    allow(policy, actions.filter(isBucketAction), [bucket.bucketArn])
  }
}

const allowAll = (role: Role, worker: Worker, reach: Reach): void => {
  const { app, table, blocks, triggers, notifications, streams, objects, outputs, discards } = reach
  const { policy } = worker
  allow(policy, actionsOf(role, 'table'), [table.tableArn], itemsOf(app))
  allowParts(role, worker, 'blocks', [{ bucket: blocks, prefix: app }])
  allow(policy, actionsOf(role, 'triggers'), [triggers.queueArn])
  allow(
    policy,
    actionsOf(role, 'notifications'),
    notifications === undefined ? [] : [notifications.queueArn],
  )
  allow(
    policy,
    actionsOf(role, 'streams'),
    streams.map(({ streamArn }) => streamArn),
  )
  allowParts(role, worker, 'objects', objects)
  allowParts(role, worker, 'outputs', outputs)
  allowParts(
    role,
    worker,
    'discards',
    discards === undefined ? [] : [{ bucket: discards, prefix: '' }],
  )
}

/** Keys of encrypted things: to read them takes the right to decrypt, and to write them the right to encrypt too. */
const allowKeys = (
  intake: Worker,
  driver: Worker,
  { table, blocks, streams, objects, outputs, discards }: Reach,
): void => {
  for (const { role } of [intake, driver]) {
    table.encryptionKey?.grantEncryptDecrypt(role)
    blocks.encryptionKey?.grantEncryptDecrypt(role)
  }
  for (const { encryptionKey } of streams)
    for (const { role } of [intake, driver]) encryptionKey?.grantDecrypt(role)
  for (const { bucket } of objects) bucket.encryptionKey?.grantDecrypt(driver.role)
  for (const { bucket } of outputs) bucket.encryptionKey?.grantEncryptDecrypt(driver.role)
  discards?.encryptionKey?.grantEncrypt(intake.role)
}

/** Gives both roles what they need. */
export const grantRights = (intake: Worker, driver: Worker, reach: Reach): void => {
  allowAll('intake', intake, reach)
  allowAll('driver', driver, reach)
  allowKeys(intake, driver, reach)
  for (const { role } of [intake, driver]) {
    for (const action of ['kms:GenerateDataKey*', 'kms:ReEncrypt*'])
      acknowledge(
        role,
        `AwsSolutions-IAM5[Action::${action}]`,
        'The variants of one action, on one key; the CDK grants keys so',
      )
  }
}
