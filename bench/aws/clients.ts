/**
 * The real clients of the SDK over services in memory. Calls are answered only when the process has
 * nothing else to do. All calls that wait then are one round trip: over a network they would run at
 * the same time, and later calls would wait for all of them. So round trips are counted without a
 * clock.
 */
import { Readable } from 'node:stream'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { unlogged } from '../../lib/adapters/aws/clients.ts'
import type { WireAnswer, WireRequest } from './buckets.ts'
import type { Services } from './services.ts'

/** The clients of the SDK. */
export interface Clients {
  readonly dynamodb: DynamoDBClient
  readonly s3: S3Client
  readonly sqs: SQSClient
}

/** Calls are answered after this many turns of the event loop without another call. */
const QUIET_TURNS = 20

interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly query?: WireRequest['query']
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

const bytesOf = (body: HttpRequest['body']): Uint8Array =>
  typeof body === 'string' ? Buffer.from(body) : (body ?? new Uint8Array())

const wireRequestOf = ({ method, path, query = {}, headers, body }: HttpRequest): WireRequest => ({
  method,
  path,
  query,
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  ),
  body: bytesOf(body),
})

/** Creates clients whose requests are answered by a function. `now` gives the date of answers. */
export const clientsWith = (
  answerTo: (request: WireRequest) => Promise<WireAnswer>,
  now: () => number,
): Clients => {
  const handle = async (request: unknown): Promise<{ response: object }> => {
    const {
      status,
      headers = {},
      body = '',
    } = await answerTo(wireRequestOf(request as HttpRequest))
    const date = new Date(now()).toUTCString()
    return {
      response: {
        statusCode: status,
        headers: { date, ...headers },
        body: Readable.from([Buffer.from(body as string)]),
      },
    }
  }
  const settings = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    endpoint: 'http://127.0.0.1:9',
    maxAttempts: 1,
    requestHandler: { handle },
  }
  const dynamodb = new DynamoDBClient(
    settings as unknown as ConstructorParameters<typeof DynamoDBClient>[0] & object,
  )
  const s3 = new S3Client({
    ...settings,
    forcePathStyle: true,
  } as unknown as ConstructorParameters<typeof S3Client>[0] & object)
  const sqs = new SQSClient(
    settings as unknown as ConstructorParameters<typeof SQSClient>[0] & object,
  )
  // As the clients of the product.
  return { dynamodb: unlogged(dynamodb), s3: unlogged(s3), sqs: unlogged(sqs) }
}

/** Creates clients that share their round trips. `now` gives the date of the answers. */
export const clientsOf = (services: Services, now: () => number): Clients => {
  let trip = 0
  let waiting: (() => void)[] = []
  let turnsLeft = 0

  const turn = (): void => {
    turnsLeft -= 1
    if (turnsLeft > 0) {
      setImmediate(turn)
      return
    }
    trip += 1
    const all = waiting
    waiting = []
    for (const answer of all) answer()
  }

  return clientsWith(async (request) => {
    if (waiting.length === 0) setImmediate(turn)
    turnsLeft = QUIET_TURNS
    await new Promise<void>((resolve) => waiting.push(resolve))
    return services.answer(request, trip)
  }, now)
}
