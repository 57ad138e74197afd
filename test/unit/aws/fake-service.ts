import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'

/** A call, as the client would send it. */
export interface Call {
  /** `PutItem` and the like for DynamoDB; the method and the path for S3. */
  readonly action: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The answer to a call: a response, or an error that breaks the connection. */
export type Answer =
  | {
      readonly status: number
      readonly body?: string | object
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly lost: string }

interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

const callOf = ({ method, path, headers, body }: WireRequest): Call => {
  const target = headers['x-amz-target']
  const text =
    body instanceof Uint8Array
      ? new TextDecoder().decode(body)
      : typeof body === 'string'
        ? body
        : ''
  return {
    action: target?.split('.')[1] ?? `${method} ${decodeURIComponent(path)}`,
    headers,
    body: text,
  }
}

const responseOf = (answer: Answer) => {
  if ('lost' in answer)
    throw Object.assign(new Error(`connection broken: ${answer.lost}`), { code: answer.lost })
  const { status, body = '', headers = {} } = answer
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { response: { statusCode: status, headers, body: Buffer.from(text) } }
}

/** Settings of a real client without a network: its requests go to `answer`. */
const settings = (answer: (call: Call) => Answer, maxAttempts: number) => ({
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  endpoint: 'http://127.0.0.1:9',
  maxAttempts,
  requestHandler: {
    handle: async (request: unknown) => responseOf(answer(callOf(request as WireRequest))),
  },
})

/** A real DynamoDB client whose calls a function answers. */
export const fakeDynamodb = (answer: (call: Call) => Answer, maxAttempts = 1): DynamoDBClient =>
  new DynamoDBClient(
    settings(answer, maxAttempts) as ConstructorParameters<typeof DynamoDBClient>[0] & object,
  )

/** A real client of Lambda whose calls a function answers. */
export const fakeLambda = (answer: (call: Call) => Answer, maxAttempts = 1): LambdaClient =>
  new LambdaClient(
    settings(answer, maxAttempts) as ConstructorParameters<typeof LambdaClient>[0] & object,
  )

/** A real S3 client whose calls a function answers. */
export const fakeS3 = (answer: (call: Call) => Answer, maxAttempts = 1): S3Client =>
  new S3Client({ ...settings(answer, maxAttempts), forcePathStyle: true } as ConstructorParameters<
    typeof S3Client
  >[0] &
    object)
