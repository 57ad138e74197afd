/** Rights for people and programs that look at an application or operate it, with `npx millrace --app`. */
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { StringParameter } from 'aws-cdk-lib/aws-ssm'
import { actionsOf, isBucketAction, type AccessLevel, type Subject } from './grants.ts'
import { itemsOf } from './rights.ts'

/** What of an application commands reach. */
export interface AccessScope {
  /** The name of the application in the table. */
  readonly app: string
  readonly parameter: StringParameter
  readonly table: Table
  readonly blocks: Bucket
  readonly triggers: IQueue
}

/** Which items each of them may see. */
const ITEMS_OF: Readonly<Record<AccessLevel, string>> = {
  reader: '*',
  letterReader: 'dlq#*',
  operator: '*',
}

/** Keys of encrypted things: the items may be encrypted with one, and what large segments are kept in. */
const grantKeys = (
  grantee: IGrantable,
  person: AccessLevel,
  { table, blocks }: AccessScope,
): void => {
  for (const key of new Set([
    table.encryptionKey,
    ...(person === 'letterReader' ? [] : [blocks.encryptionKey]),
  ])) {
    if (person === 'operator') key?.grantEncryptDecrypt(grantee)
    else key?.grantDecrypt(grantee)
  }
}

/** Gives somebody the rights that the commands use, and no others. */
export const grantAccess = (
  grantee: IGrantable,
  person: AccessLevel,
  reach: AccessScope,
): Grant => {
  const { app, parameter, table, blocks, triggers } = reach
  const give = (
    subject: Subject,
    resourceArns: string[],
    isMeant = (_action: string): boolean => true,
    conditions = {},
  ): Grant => {
    const actions = actionsOf(person, subject).filter(isMeant)
    return actions.length === 0
      ? Grant.drop(grantee, '')
      : Grant.addToPrincipal({ grantee, actions, resourceArns, conditions })
  }
  grantKeys(grantee, person, reach)
  return give('parameter', [parameter.parameterArn])
    .combine(give('table', [table.tableArn], undefined, itemsOf(app, ITEMS_OF[person])))
    .combine(give('blocks', [blocks.arnForObjects(`${app}*`)], (action) => !isBucketAction(action)))
    .combine(give('blocks', [blocks.bucketArn], isBucketAction))
    .combine(give('triggers', [triggers.queueArn]))
}
