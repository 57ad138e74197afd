/** What every application stores: its table, and the bucket for large segments. */
import {
  AttributeType,
  BillingMode,
  type ITable,
  type StreamViewType,
  Table,
  TableEncryption,
  type TableV2,
} from 'aws-cdk-lib/aws-dynamodb'
import type { Bucket, LifecycleRule } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { createBucket } from './buckets.ts'
import type { StorageSettings } from './storage-settings.ts'

/** Any table: see `AnyBucket`. */
export type AnyTable = ITable | Table | TableV2

/** Attributes of a table besides its partition key. */
export interface TableSettings {
  readonly partitionKey: string
  /** Left out: items are found by the partition key alone. */
  readonly sortKey?: string
  /** What its stream has of a changed item. Left out: it has no stream. */
  readonly stream?: StreamViewType
  /** The attribute with the expiry date of an item. Left out: no item expires. */
  readonly expiry?: string
}

/** Creates a table. It is paid by use: while nothing runs, it costs only the bytes in it. */
export const createTable = (
  scope: Construct,
  id: string,
  { removalPolicy, encryptionKey }: StorageSettings,
  { partitionKey, sortKey, expiry, stream }: TableSettings,
): Table =>
  new Table(scope, id, {
    partitionKey: { name: partitionKey, type: AttributeType.STRING },
    ...(sortKey === undefined ? {} : { sortKey: { name: sortKey, type: AttributeType.STRING } }),
    ...(expiry === undefined ? {} : { timeToLiveAttribute: expiry }),
    ...(stream === undefined ? {} : { stream }),
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
    ...(encryptionKey === undefined
      ? { encryption: TableEncryption.AWS_MANAGED }
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
  })

/** What the table with all items needs. */
export const ITEMS = { partitionKey: 'pk', sortKey: 'sk', expiry: 'ttl' } as const

/**
 * Creates the table with all items. Only history and dead letters have an expiry date; nothing that
 * a batch needs has one (B11).
 */
export const createItemTable = (scope: Construct, storage: StorageSettings): Table =>
  createTable(scope, 'Table', storage, ITEMS)

/**
 * Creates the bucket for large segments. They are deleted by name when nothing names them any more.
 * An expiry date would delete state that is still needed (B11). `lifecycleRules`: for what is no
 * segment.
 */
export const createBlocks = (
  scope: Construct,
  storage: StorageSettings,
  lifecycleRules: readonly LifecycleRule[],
): Bucket => createBucket(scope, 'Blocks', storage, { lifecycleRules })
