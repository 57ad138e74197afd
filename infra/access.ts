/** Rights for people and programs that look at an application or operate it with `npx millrace`. */
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { StringParameter } from 'aws-cdk-lib/aws-ssm'
import { namePart } from '../lib/base/name-part.ts'
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
  /** The ids of the operators that keep a state for each key. */
  readonly states: readonly string[]
}

/** The segments with the states, and what says where they are. Neither records nor windows. */
const segmentsOf = ({ states }: AccessScope): readonly string[] => [
  'seg#@manifest*',
  ...states.flatMap((id) => [`seg#${id}#*`, `seg#@pages/${id}#*`]),
]

/** The items that each level may see. */
const ITEMS_OF: Readonly<Record<AccessLevel, (scope: AccessScope) => readonly string[]>> = {
  reader: () => ['*'],
  deadLetterReader: () => ['dlq#*'],
  stateReader: (scope) => ['head', ...segmentsOf(scope)],
  // What intake reads and writes: how far lanes are read is in a manifest when it is much.
  feeder: () => ['head', 'in*', 'dlq#*', 'seg#*'],
  operator: () => ['*'],
}

/** The blobs that each level may use, by the beginnings of their names. */
const blobsOf = (level: AccessLevel, scope: AccessScope): readonly string[] =>
  level === 'stateReader'
    ? segmentsOf(scope).map((items) => namePart(`${scope.app}#${items.slice(0, -1)}`))
    : [namePart(scope.app)]

/** Grants the keys that the table and the bucket for large segments are encrypted with. */
const grantKeys = (
  grantee: IGrantable,
  level: AccessLevel,
  { table, blocks }: AccessScope,
): void => {
  const blocksKey = level === 'deadLetterReader' ? undefined : blocks.encryptionKey
  for (const key of new Set([table.encryptionKey, blocksKey])) {
    if (level === 'operator' || level === 'feeder') key?.grantEncryptDecrypt(grantee)
    else key?.grantDecrypt(grantee)
  }
}

/** Grants what the commands of a level use, and nothing else. */
export const grantAccess = (grantee: IGrantable, level: AccessLevel, scope: AccessScope): Grant => {
  const { app, parameter, table, blocks, triggers } = scope
  const give = (
    subject: Subject,
    arnsOf: (action: string) => readonly string[],
    conditions: Readonly<Record<string, Record<string, unknown>>> = {},
  ): readonly Grant[] => {
    const byArns = Map.groupBy(actionsOf(level, subject), (action) => arnsOf(action).join())
    return [...byArns.values()].map((actions) =>
      Grant.addToPrincipal({
        grantee,
        actions,
        resourceArns: [...arnsOf(actions[0] ?? '')],
        conditions,
      }),
    )
  }
  grantKeys(grantee, level, scope)
  const blobs = blobsOf(level, scope).map((prefix) => arnInBucket(blocks, prefix))
  const given = [
    ...give('parameter', () => [parameter.parameterArn]),
    ...give('table', () => [table.tableArn], itemsOf(app, ITEMS_OF[level](scope))),
    ...give('blocks', (action) => [...new Set(blobs.map((arnOf) => arnOf(action)))]),
    ...give('triggers', () => [triggers.queueArn]),
  ]
  return given.reduce((all, one) => all.combine(one))
}
