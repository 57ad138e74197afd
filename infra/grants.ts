/**
 * Which actions each role may use, and who uses them. `code`: a command that the adapters or functions call; `service`: what an event source
 * does under the function's role; `logs`: what Lambda does. A test compares this list with the templates, and with the commands in the code.
 */

/** What a grant is about. */
export type Subject =
  | 'table'
  | 'blocks'
  | 'triggers'
  | 'notifications'
  | 'streams'
  | 'objects'
  | 'outputs'
  | 'discards'
  | 'logs'
  | 'parameter'

/** Actions of one role on one kind of resource. `bucket`: those on the bucket itself, not on what is in it. */
export interface Grant {
  readonly by: 'code' | 'service'
  readonly actions: readonly string[]
}

/** The roles of the functions. */
export type Role = 'intake' | 'driver'

/** Who may be given rights besides: by `grantRead`, `grantReadDeadLetters` and `grantOperate`, for the commands of `millrace`. */
export type AccessLevel = 'reader' | 'letterReader' | 'operator'

const LOGS: Grant = { by: 'service', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'] }
const POLL_QUEUE: Grant = {
  by: 'service',
  actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
}
const POLL_STREAM: Grant = {
  by: 'service',
  actions: [
    'kinesis:DescribeStream',
    'kinesis:DescribeStreamSummary',
    'kinesis:GetRecords',
    'kinesis:GetShardIterator',
    'kinesis:ListShards',
  ],
}
const SEND: Grant = { by: 'code', actions: ['sqs:SendMessage'] }
/** Deletes go through batches of writes, too. */
const ITEMS: Grant = {
  by: 'code',
  actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:BatchWriteItem'],
}

const FIND: Grant = { by: 'code', actions: ['ssm:GetParameter'] }

/** What each role may do. Intake appends: it never deletes, and reads no object. A reader writes nothing. */
export const grants: Readonly<
  Record<Role | AccessLevel, Partial<Readonly<Record<Subject, readonly Grant[]>>>>
> = {
  intake: {
    table: [ITEMS],
    blocks: [{ by: 'code', actions: ['s3:PutObject'] }],
    triggers: [SEND],
    notifications: [POLL_QUEUE],
    // The code asks once for each new shard, what it was made of.
    streams: [
      POLL_STREAM,
      { by: 'code', actions: ['kinesis:DescribeStreamSummary', 'kinesis:ListShards'] },
    ],
    discards: [{ by: 'service', actions: ['s3:PutObject', 's3:ListBucket'] }],
    logs: [LOGS],
  },
  driver: {
    table: [ITEMS],
    blocks: [
      { by: 'code', actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket'] },
    ],
    triggers: [SEND, POLL_QUEUE],
    // Blocks that were lost are made again from their shards.
    streams: [{ by: 'code', actions: ['kinesis:GetRecords', 'kinesis:GetShardIterator'] }],
    objects: [{ by: 'code', actions: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'] }],
    outputs: [
      { by: 'code', actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket'] },
    ],
    logs: [LOGS],
  },
  reader: {
    parameter: [FIND],
    table: [{ by: 'code', actions: ['dynamodb:GetItem', 'dynamodb:Query'] }],
    blocks: [{ by: 'code', actions: ['s3:GetObject', 's3:ListBucket'] }],
  },
  letterReader: {
    parameter: [FIND],
    table: [{ by: 'code', actions: ['dynamodb:Query'] }],
  },
  operator: {
    parameter: [FIND],
    table: [ITEMS],
    blocks: [
      { by: 'code', actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket'] },
    ],
    triggers: [SEND],
  },
}

/** The actions of a role on a subject, for a policy. */
export const actionsOf = (role: Role | AccessLevel, subject: Subject): readonly string[] => [
  ...new Set((grants[role][subject] ?? []).flatMap(({ actions }) => actions)),
]

/** Whether an action is on a bucket and not on objects in it. */
export const isBucketAction = (action: string): boolean => action === 's3:ListBucket'
