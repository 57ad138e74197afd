/**
 * Feeds a meter from the clients of AWS. Units of DynamoDB are those that it reports itself: only
 * the service knows the size of an item that was replaced or deleted. For a write whose condition
 * was not met it reports none; the stored item counts, by the published rules of sizes.
 *
 * Each answered request counts, also a refused one. Answers with a status of 5xx and throttled
 * requests are not billed. A client without a meter is left as it is: it does not even ask for the
 * report.
 */
import type { Meter } from '../../ports/meter.ts'
import { rowBytes } from './dynamodb-json.ts'
import type { Row } from './dynamodb-row.ts'

/** The part of any client of the SDK that is used here. */
interface MeteredClient {
  readonly middlewareStack: { add(middleware: unknown, options: object): void }
}

interface Arguments {
  readonly input: object
  readonly request?: { readonly body?: unknown }
}
type Next = (args: Arguments) => Promise<{ readonly output: object }>
interface Context {
  readonly commandName?: string
}

interface Capacity {
  readonly CapacityUnits?: number
}

const KB = 1_024
const QUEUE_KB = 64
const CLIENT_ERROR = 400
const SERVER_ERROR = 500
const TOO_MANY = 429

/** The operations of S3 that cost as much as a PUT. Those not named here read, or are free. */
const OBJECT_WRITES = /^(Put|Copy|List|Create|Upload|Complete)/
const OBJECT_READS = /^(Get|Head)/
const ITEM_READS = /^(Get|BatchGet|Query|Scan)/

/** Whether an error is an answer that is billed: the service read the request, and refused it. */
const isBilled = (error: unknown): boolean => {
  const { $metadata, name = '' } = error as {
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly name?: string
  }
  const status = $metadata?.httpStatusCode ?? 0
  const isThrottled = status === TOO_MANY || /Throttl|ThroughputExceeded|SlowDown/.test(name)
  return status >= CLIENT_ERROR && status < SERVER_ERROR && !isThrottled
}

/** Calls `count` for each answered request: with its output, or with its error. */
const onAnswers = (
  client: unknown,
  count: (operation: string, args: Arguments, answer: object) => void,
): void =>
  (client as MeteredClient).middlewareStack.add(
    (next: Next, { commandName = '' }: Context) =>
      async (args: Arguments) => {
        const operation = commandName.replace(/Command$/, '')
        try {
          const result = await next(args)
          count(operation, args, result.output)
          return result
        } catch (error) {
          if (isBilled(error)) count(operation, args, error as object)
          throw error
        }
      },
    // Inside of the retries, so that each answer counts; outside of the deserializer, which makes
    // the output.
    { step: 'deserialize', priority: 'high', name: 'millraceMeter' },
  )

const unitsIn = (answer: object): number | undefined => {
  const { ConsumedCapacity } = answer as {
    readonly ConsumedCapacity?: Capacity | readonly Capacity[]
  }
  if (ConsumedCapacity === undefined) return undefined
  return [ConsumedCapacity].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0)
}

/** The units of a write that was refused because of its condition. */
const refusedUnits = (answer: object): number => {
  const { Item } = answer as { readonly Item?: Row }
  return Math.max(1, Math.ceil(rowBytes(Item ?? {}) / KB))
}

/** Counts the units of a client of DynamoDB. */
export const meterDynamodb = (client: unknown, meter: Meter): void => {
  ;(client as MeteredClient).middlewareStack.add(
    (next: Next) => async (args: Arguments) =>
      next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } }),
    { step: 'initialize', name: 'millraceAskCapacity' },
  )
  onAnswers(client, (operation, _, answer) => {
    if (ITEM_READS.test(operation)) meter.add('readUnits', unitsIn(answer) ?? 0)
    else meter.add('writeUnits', unitsIn(answer) ?? refusedUnits(answer))
  })
}

/** Counts the requests of a client of S3. */
export const meterS3 = (client: unknown, meter: Meter): void =>
  onAnswers(client, (operation) => {
    if (OBJECT_WRITES.test(operation)) meter.add('objectWrites', 1)
    else if (OBJECT_READS.test(operation)) meter.add('objectReads', 1)
  })

const bodyBytes = (body: unknown): number =>
  typeof body === 'string'
    ? Buffer.byteLength(body)
    : body instanceof Uint8Array
      ? body.byteLength
      : 0

/** Counts the requests of a client of SQS: one for each 64 KB. */
export const meterSqs = (client: unknown, meter: Meter): void =>
  onAnswers(client, (_, { request }) =>
    meter.add('queueRequests', Math.max(1, Math.ceil(bodyBytes(request?.body) / (QUEUE_KB * KB)))),
  )
