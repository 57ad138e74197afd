/**
 * Users in an account of the emulator, each with the rights of one grant. The test calls IAM by its
 * plain protocol, because no other part of the project needs a client for it.
 */
import { actionsOf, isBucketAction, type AccessLevel, type Subject } from '../../../infra/grants.ts'

/** The resources of an application, as its construct names them. */
export interface Resources {
  readonly parameter: string
  readonly table: string
  readonly blocks: string
  readonly queue: string
}

/** The variables that give a process its identity. */
export type Identity = Readonly<Record<'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY', string>>

const ACCOUNT = '000000000000'
const REGION = 'us-east-1'

/**
 * Calls IAM as the owner of the account. The emulator checks the key in the header, not the
 * signature.
 */
const iam = async (
  action: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> => {
  const answer = await fetch(process.env['AWS_ENDPOINT_URL'] as string, {
    method: 'POST',
    headers: {
      authorization:
        `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/iam/aws4_request, ` +
        'SignedHeaders=host, Signature=0',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ Action: action, Version: '2010-05-08', ...parameters }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${action}: ${answer.status} ${text}`)
  return text
}

const arnsOf = ({
  parameter,
  table,
  blocks,
  queue,
}: Resources): Readonly<Partial<Record<Subject, readonly string[]>>> => ({
  parameter: [`arn:aws:ssm:${REGION}:${ACCOUNT}:parameter${parameter}`],
  table: [`arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${table}`],
  blocks: [`arn:aws:s3:::${blocks}`, `arn:aws:s3:::${blocks}/*`],
  triggers: [`arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}`],
})

/** The emulator requires these too; AWS has no such actions. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  'sqs:SendMessage': ['sqs:SendMessageBatch'],
}

const policyOf = (level: AccessLevel, resources: Resources): string => {
  const statements = Object.entries(arnsOf(resources)).flatMap(([subject, arns]) => {
    const actions = actionsOf(level, subject as Subject).flatMap((action) => [
      action,
      ...(ALSO[action] ?? []),
    ])
    const [bucket, objects = bucket] = arns
    return [
      {
        Effect: 'Allow',
        Action: actions.filter((action) => !isBucketAction(action)),
        Resource: objects,
      },
      { Effect: 'Allow', Action: actions.filter(isBucketAction), Resource: bucket },
    ].filter(({ Action }) => Action.length > 0)
  })
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

/** Creates a user with the rights of one grant and no others. */
export const userWith = async (level: AccessLevel, resources: Resources): Promise<Identity> => {
  const UserName = `${level}-${resources.table}`
  await iam('CreateUser', { UserName })
  await iam('PutUserPolicy', {
    UserName,
    PolicyName: 'granted',
    PolicyDocument: policyOf(level, resources),
  })
  const text = await iam('CreateAccessKey', { UserName })
  const [, id = ''] = /<AccessKeyId>([^<]+)</.exec(text) ?? []
  const [, secret = ''] = /<SecretAccessKey>([^<]+)</.exec(text) ?? []
  return { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret }
}
