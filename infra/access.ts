/** Rights for people and programs that look at an application or operate it with `npx millrace`. */
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { StringParameter } from 'aws-cdk-lib/aws-ssm'
import { arnInBucket } from './buckets.ts'
import { type AccessLevel, actionsOf, type Subject } from './grants.ts'
import type { AnyTable } from './resources.ts'
import { itemsOf } from './rights.ts'

/** The parts of an application that the commands use. */
export interface AccessScope {
  /** The name of the application in the table. */
  readonly app: string
  readonly parameter: StringParameter
  readonly table: AnyTable
  readonly blocks: Bucket
  readonly triggers: IQueue
}

/** The items that each level may see. */
const ITEMS_OF: Readonly<Record<AccessLevel, string>> = {
  reader: '*',
  deadLetterReader: 'dlq#*',
  operator: '*',
}

/** Grants the keys that the table and the bucket for large segments are encrypted with. */
const grantKeys = (
  grantee: IGrantable,
  level: AccessLevel,
  { table, blocks }: AccessScope,
): void => {
  const blocksKey = level === 'deadLetterReader' ? undefined : blocks.encryptionKey
  for (const key of new Set([table.encryptionKey, blocksKey])) {
    if (level === 'operator') key?.grantEncryptDecrypt(grantee)
    else key?.grantDecrypt(grantee)
  }
}

/** Grants what the commands of a level use, and nothing else. */
export const grantAccess = (grantee: IGrantable, level: AccessLevel, scope: AccessScope): Grant => {
  const { app, parameter, table, blocks, triggers } = scope
  const give = (
    subject: Subject,
    arnOf: (action: string) => string,
    conditions: Readonly<Record<string, Record<string, unknown>>> = {},
  ): readonly Grant[] =>
    [...Map.groupBy(actionsOf(level, subject), (action) => arnOf(action))].map(([arn, actions]) =>
      Grant.addToPrincipal({ grantee, actions, resourceArns: [arn], conditions }),
    )
  grantKeys(grantee, level, scope)
  const given = [
    ...give('parameter', () => parameter.parameterArn),
    ...give('table', () => table.tableArn, itemsOf(app, ITEMS_OF[level])),
    ...give('blocks', arnInBucket(blocks, app)),
    ...give('triggers', () => triggers.queueArn),
  ]
  return given.reduce((all, one) => all.combine(one))
}
