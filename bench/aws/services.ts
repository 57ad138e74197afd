/**
 * AWS in memory: a table, buckets, a queue and a stream for the real clients of the SDK. Counts all
 * calls.
 */
import { createHash } from 'node:crypto'
import { Buckets, type WireAnswer, type WireRequest } from './buckets.ts'
import { Table, type TableRequest, type Touched } from './table.ts'

/** When the stream was created. */
export const CREATED_MS = 1_700_000_000_000

/** One call with its cost. */
export interface CountedCall {
  readonly service: 'dynamodb' | 's3' | 'sqs' | 'kinesis'
  readonly action: string
  /** The bucket. Empty for other services. */
  readonly bucket: string
  /** The round trip of the call. Calls with the same number ran at the same time. */
  readonly trip: number
  readonly writeUnits: number
  readonly readUnits: number
  /** Bytes of the two bodies, request and response. */
  readonly bytes: number
  /** The items and objects of the call. */
  readonly touched: readonly Touched[]
}

/** The services, with the calls since `takeCalls` was called last. */
export class Services {
  readonly #table = new Table()
  readonly #buckets = new Buckets()
  #calls: CountedCall[] = []

  /** Returns the calls since this was called last. */
  takeCalls(): readonly CountedCall[] {
    const calls = this.#calls
    this.#calls = []
    return calls
  }

  /** The bytes of all objects in buckets. */
  get storedBytes(): number {
    return this.#buckets.storedBytes
  }

  /** Answers a request, and counts it as part of a round trip. */
  answer(request: WireRequest, trip: number): WireAnswer {
    const target = request.headers['x-amz-target']
    const counted = target === undefined ? this.#object(request) : this.#call(target, request)
    const bytes = request.body.byteLength + Buffer.byteLength(counted.answer.body ?? '')
    this.#calls.push({ ...NO_COST, ...counted.call, trip, bytes })
    return counted.answer
  }

  #object(request: WireRequest): Counted {
    const bucket = request.path.split('/')[1] ?? ''
    const action = Buckets.actionOf(request)
    return {
      call: { service: 's3', action, bucket, touched: touchedBy(action, request) },
      answer: this.#buckets.answer(request),
    }
  }

  #call(target: string, { body }: WireRequest): Counted {
    const [service = '', action = ''] = target.split('.')
    const input = JSON.parse(Buffer.from(body).toString()) as TableRequest & {
      readonly Entries?: readonly { readonly Id: string; readonly MessageBody: string }[]
    }
    if (service === 'AmazonSQS') {
      const Successful = (input.Entries ?? []).map(({ Id, MessageBody }) => ({
        Id,
        MessageId: Id,
        MD5OfMessageBody: md5(MessageBody),
      }))
      return { call: { service: 'sqs', action }, answer: json(200, { Successful }) }
    }
    if (service.startsWith('Kinesis')) {
      const StreamDescriptionSummary = {
        StreamCreationTimestamp: CREATED_MS / 1_000,
        StreamStatus: 'ACTIVE',
      }
      return {
        call: { service: 'kinesis', action },
        answer: json(200, { StreamDescriptionSummary }),
      }
    }
    const { status, body: answer, ...cost } = this.#table.answer(action, input)
    const reported = isRefused(status) ? answer : { ...answer, ...reportOf(action, input, cost) }
    return { call: { service: 'dynamodb', action, ...cost }, answer: json(status, reported) }
  }
}

interface Counted {
  readonly call: Pick<CountedCall, 'service' | 'action'> & Partial<CountedCall>
  readonly answer: WireAnswer
}

const NO_COST = { bucket: '', writeUnits: 0, readUnits: 0, touched: [] }

/** Blocks and segments have names made of the key of their item: `/blocks/partition/sort`. */
const touchedBy = (action: string, { path, body }: WireRequest): readonly Touched[] => {
  if (action !== 'PutObject') return []
  const [partition = '', sort = ''] = decodeURIComponent(path)
    .split('/')
    .slice(2)
    .map(decodeURIComponent)
  return [{ kind: 'put', partition, sort, bytes: body.byteLength, units: 0 }]
}

const isRefused = (status: number): boolean => status >= 400

/** The units of a call, for those who ask for them. */
const reportOf = (
  action: string,
  { ReturnConsumedCapacity: asked = 'NONE' }: { readonly ReturnConsumedCapacity?: string },
  { writeUnits, readUnits }: { readonly writeUnits: number; readonly readUnits: number },
): object => {
  if (asked === 'NONE') return {}
  const capacity = { TableName: 'clicks', CapacityUnits: writeUnits + readUnits }
  return { ConsumedCapacity: action.startsWith('Batch') ? [capacity] : capacity }
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

const json = (status: number, body: object): WireAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
})
