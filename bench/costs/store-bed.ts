/**
 * A pipeline over a queue in memory, whose store is the real adapters of AWS over services in
 * memory. What a batch writes and reads is counted exactly.
 */
import type { DStream } from 'millrace'
import { dynamodbItemStore } from '../../lib/adapters/aws/dynamodb-item-store.ts'
import { s3BlobStore } from '../../lib/adapters/aws/s3-blob-store.ts'
import { withBlobs } from '../../lib/adapters/blob-item-store.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import { BATCH_INPUT_NODE } from '../../lib/runtime/driver/batch-input.ts'
import { MANIFEST_NODE } from '../../lib/state/manifest.ts'
import { type Clients, clientsOf } from '../aws/clients.ts'
import { type CountedCall, Services } from '../aws/services.ts'
import type { Touched } from '../aws/table.ts'
import { pipelineBed } from '../pipeline-bed.ts'

/** A put to a bucket costs as much as this many write units. */
export const UNITS_OF_PUT = 8

/** The store of a deployment. */
export const awsStore = ({ dynamodb, s3 }: Pick<Clients, 'dynamodb' | 's3'>): ItemStore =>
  withBlobs(
    dynamodbItemStore({ table: 'clicks', client: dynamodb }),
    s3BlobStore({ bucket: 'blocks', client: s3 }),
  )

/** A pipeline whose calls are counted. */
export interface CountedBed<T> {
  /** Runs one batch, and returns the calls that it made. */
  run(elements?: readonly T[]): Promise<readonly CountedCall[]>
}

/** Creates a pipeline over batches of elements. */
export const countedBed = <T>(
  name: string,
  describe: (elements: DStream<T>) => void,
): CountedBed<T> => {
  const services = new Services()
  const bed = pipelineBed(name, describe, (now) => awsStore(clientsOf(services, now)))
  return {
    async run(elements): Promise<readonly CountedCall[]> {
      await bed.run(elements)
      return services.takeCalls()
    },
  }
}

/** What calls did to the items and objects of segments. */
export interface SegmentTouch extends Touched {
  readonly node: string
  /** The same for all chunks of a segment. */
  readonly segment: string
  readonly inBucket: boolean
}

const SEGMENT_KEY = /^[^#]+#seg#(.+)#(\d+)#\d+$/

/** The items and objects of segments that calls touched. */
export const segmentsIn = (calls: readonly CountedCall[]): readonly SegmentTouch[] =>
  calls.flatMap(({ service, touched }) =>
    touched.flatMap((touch) => {
      const [, node, part] = SEGMENT_KEY.exec(touch.partition) ?? []
      if (node === undefined) return []
      const segment = `${node}#${part}#${touch.sort.split('#').slice(0, 2).join('#')}`
      return [{ ...touch, node, segment, inBucket: service === 's3' }]
    }),
  )

/** Whether a segment holds state or panes. A queue has no blocks of records. */
export const isOfState = ({ node }: SegmentTouch): boolean =>
  node !== MANIFEST_NODE && node !== BATCH_INPUT_NODE

/** The write units of segments. A put to a bucket counts as eight, deleting there as none. */
export const unitsOf = (touches: readonly SegmentTouch[]): number =>
  touches.reduce(
    (total, { kind, units, inBucket }) =>
      total + (inBucket && kind === 'put' ? UNITS_OF_PUT : units),
    0,
  )

/** The sum of the bytes. */
export const bytesOf = (touches: readonly Touched[]): number =>
  touches.reduce((total, { bytes }) => total + bytes, 0)
