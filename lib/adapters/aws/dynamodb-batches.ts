/**
 * Writes many rows with BatchWriteItem, which takes 25 at a time and may leave any of them
 * unwritten.
 */
import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { mapAtOnce } from '../../base/concurrency.ts'
import { MillraceError } from '../../base/errors.ts'

/** Where and how rows are written. */
export interface BatchWriting {
  readonly client: Pick<DynamoDBClient, 'send'>
  readonly table: string
  /** Waits before unwritten rows are sent again. */
  readonly pause: (durationMs: number) => Promise<void>
}

const ROWS_MAX = 25
const BATCHES_AT_ONCE = 8
/**
 * The SDK itself retries a call that failed as a whole. This limit counts answers that left some
 * rows unwritten. With the pauses below it takes about 10 s.
 */
const ANSWERS_MAX = 10
const PAUSE_MS = 25
const PAUSE_MS_MAX = 2_500

const leftOverError = (table: string, rows: number): MillraceError =>
  new MillraceError('STORE_FAILED', {
    problem: `The store is throttled: ${ANSWERS_MAX} answers left ${rows} items unwritten`,
    value: table,
    fix:
      'nothing to do if it passes; otherwise check the throttle metrics of the table and the ' +
      'limits of its capacity',
    retryable: true,
  })

const writeBatch = async (
  { client, table, pause }: BatchWriting,
  batch: readonly WriteRequest[],
): Promise<void> => {
  let rest = [...batch]
  for (let answers = 1; ; answers++) {
    const { UnprocessedItems } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [table]: rest } }),
    )
    rest = UnprocessedItems?.[table] ?? []
    if (rest.length === 0) return
    if (answers === ANSWERS_MAX) throw leftOverError(table, rest.length)
    // Full jitter: many writers that were throttled at the same time must not retry at the same
    // time.
    await pause(Math.random() * Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** answers))
  }
}

/** Sends all requests. No two may have the same key: DynamoDB refuses such a batch. */
export const writeBatches = async (
  writing: BatchWriting,
  requests: readonly WriteRequest[],
): Promise<void> => {
  const batches = Array.from({ length: Math.ceil(requests.length / ROWS_MAX) }, (_, index) =>
    requests.slice(index * ROWS_MAX, (index + 1) * ROWS_MAX),
  )
  await mapAtOnce(batches, BATCHES_AT_ONCE, async (batch) => writeBatch(writing, batch))
}
