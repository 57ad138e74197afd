/**
 * Which actions each role may use, and what uses them. `code`: commands that the adapters and the
 * functions send. `service`: what Lambda and its event sources do under the role of a function.
 * Kinds of sources and sinks list their grants in their own files. A test compares all of these
 * lists with the templates, and with the commands in the code.
 */

/** Actions of one role on one type of resource. */
export interface Grant {
  readonly by: 'code' | 'service'
  readonly actions: readonly string[]
}

/** The roles of the functions. */
export type Role = 'intake' | 'driver' | 'executor'

/** What calls in a deployment: it numbers the deployments. */
export type DeploymentRole = 'generation'

/**
 * Rights that `grantRead`, `grantReadDeadLetters`, `grantReadState`, `grantReceive` and
 * `grantOperate` give for the commands.
 */
export type AccessLevel = 'reader' | 'deadLetterReader' | 'stateReader' | 'feeder' | 'operator'

/** Resources that every application has, and the executors that some have. */
export type Subject =
  | 'table'
  | 'blocks'
  | 'triggers'
  | 'logs'
  | 'parameter'
  /** The part of the blocks in which executors put large answers. */
  | 'answers'
  /** The executor functions. */
  | 'executors'

/** What each role may do with one type of resource. */
export type RoleGrants = Readonly<Partial<Record<Role, readonly Grant[]>>>

/** What a kind of source or sink grants, by the type of resource. */
export type KindGrants = Readonly<Record<string, RoleGrants>>

/** What Lambda does with a queue whose messages it hands to a function. */
export const POLL_QUEUE: Grant = {
  by: 'service',
  actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
}

/** What the code does with objects that it replaces and deletes by name. */
export const REPLACE_OBJECTS: Grant = {
  by: 'code',
  actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket'],
}

/** What the code does with objects that it creates, and compares with what is there. */
export const CREATE_OBJECTS: Grant = { by: 'code', actions: ['s3:GetObject', 's3:PutObject'] }

const LOGS: Grant = { by: 'service', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'] }
const SEND: Grant = { by: 'code', actions: ['sqs:SendMessage'] }
const READ_ITEMS: Grant = { by: 'code', actions: ['dynamodb:GetItem', 'dynamodb:Query'] }
const READ_BLOCKS: Grant = { by: 'code', actions: ['s3:GetObject', 's3:ListBucket'] }
const FIND: Grant = { by: 'code', actions: ['ssm:GetParameter'] }
/** Items are also deleted by batches of writes. */
const ITEMS: Grant = {
  by: 'code',
  actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:BatchWriteItem'],
}

/**
 * What each role may do with the resources that every application has. Intake only appends: it
 * deletes nothing. An executor reads, and writes nothing here but its answers. A reader writes
 * nothing.
 */
export const grants: Readonly<
  Record<Role | DeploymentRole | AccessLevel, Readonly<Partial<Record<Subject, readonly Grant[]>>>>
> = {
  intake: {
    table: [ITEMS],
    blocks: [{ by: 'code', actions: ['s3:PutObject'] }],
    triggers: [SEND],
    logs: [LOGS],
  },
  driver: {
    table: [ITEMS],
    blocks: [REPLACE_OBJECTS],
    triggers: [SEND, POLL_QUEUE],
    executors: [{ by: 'code', actions: ['lambda:InvokeFunction'] }],
    logs: [LOGS],
  },
  executor: {
    table: [READ_ITEMS],
    blocks: [READ_BLOCKS],
    answers: [{ by: 'code', actions: ['s3:PutObject'] }],
    logs: [LOGS],
  },
  generation: {
    table: [{ by: 'code', actions: ['dynamodb:GetItem', 'dynamodb:PutItem'] }],
    logs: [LOGS],
  },
  reader: {
    parameter: [FIND],
    table: [READ_ITEMS],
    blocks: [READ_BLOCKS],
  },
  deadLetterReader: {
    parameter: [FIND],
    table: [{ by: 'code', actions: ['dynamodb:Query'] }],
  },
  stateReader: {
    parameter: [FIND],
    table: [{ by: 'code', actions: ['dynamodb:GetItem'] }],
    blocks: [READ_BLOCKS],
  },
  feeder: {
    parameter: [FIND],
    table: [ITEMS],
    blocks: [{ by: 'code', actions: ['s3:PutObject'] }],
    triggers: [SEND],
  },
  operator: {
    parameter: [FIND],
    table: [ITEMS],
    blocks: [REPLACE_OBJECTS],
    triggers: [SEND],
  },
}

/** The grants of all roles on a resource that every application has. */
export const roleGrants = (subject: Subject): RoleGrants => ({
  intake: grants.intake[subject] ?? [],
  driver: grants.driver[subject] ?? [],
  executor: grants.executor[subject] ?? [],
})

/** The distinct actions of grants. */
export const distinctActions = (given: readonly Grant[] = []): readonly string[] => [
  ...new Set(given.flatMap(({ actions }) => actions)),
]

/** The actions of a role on a resource that every application has, for a policy. */
export const actionsOf = (
  role: Role | DeploymentRole | AccessLevel,
  subject: Subject,
): readonly string[] => distinctActions(grants[role][subject])

/** Whether an action is on a bucket itself, and not on objects in it. */
export const isBucketAction = (action: string): boolean => action === 's3:ListBucket'
