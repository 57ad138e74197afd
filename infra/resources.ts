/** What an application keeps: its table, its buckets and its streams. */
import { Duration, type RemovalPolicy } from 'aws-cdk-lib'
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { BlockPublicAccess, Bucket, BucketEncryption, type LifecycleRule } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'

/** What all that is kept has in common. */
export interface StateDeclaration {
  readonly removalPolicy: RemovalPolicy
  readonly encryptionKey: IKey | undefined
}

/** The table with all items. Paid for by use: an application at rest costs its stored bytes. */
export const createTable = (
  scope: Construct,
  { removalPolicy, encryptionKey }: StateDeclaration,
): Table =>
  new Table(scope, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    // History and dead letters only; nothing that a batch needs carries it (B11).
    timeToLiveAttribute: 'ttl',
    removalPolicy,
    ...(encryptionKey === undefined
      ? { encryption: TableEncryption.AWS_MANAGED }
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
  })

/** Parts of uploads that were never completed are paid for and seen by nobody. */
const ABORT_UPLOADS: LifecycleRule = {
  id: 'abort-uploads',
  abortIncompleteMultipartUploadAfter: Duration.days(1),
}

/** A bucket that only its owners reach, over TLS. */
export const createBucket = (
  scope: Construct,
  id: string,
  { removalPolicy, encryptionKey }: StateDeclaration,
  {
    versioned = false,
    lifecycleRules = [],
  }: { readonly versioned?: boolean; readonly lifecycleRules?: LifecycleRule[] } = {},
): Bucket => {
  const bucket = new Bucket(scope, id, {
    ...(encryptionKey === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned,
    lifecycleRules: [ABORT_UPLOADS, ...lifecycleRules],
    removalPolicy,
  })
  acknowledge(
    bucket,
    'AwsSolutions-S1',
    'Logs of each access belong to the trail of the account; a second bucket for each bucket is not ours to add',
  )
  return bucket
}

/** Large segments. They are deleted by name when nothing names them any more: an expiry date would delete state that is alive (B11). */
export const createBlocks = (scope: Construct, keeping: StateDeclaration): Bucket =>
  createBucket(scope, 'Blocks', keeping)

const DISCARDS_DAYS = 90

/** What Lambda gives up, which it should never do. It stays long enough for somebody to look at it. */
export const createDiscards = (scope: Construct, keeping: StateDeclaration): Bucket =>
  createBucket(scope, 'Discards', keeping, {
    lifecycleRules: [{ id: 'expire', expiration: Duration.days(DISCARDS_DAYS) }],
  })

/** A stream that nobody has to size. */
export const createStream = (
  scope: Construct,
  id: string,
  { removalPolicy, encryptionKey }: StateDeclaration,
): Stream => {
  const stream = new Stream(scope, id, {
    streamMode: StreamMode.ON_DEMAND,
    removalPolicy,
    ...(encryptionKey === undefined
      ? { encryption: StreamEncryption.MANAGED }
      : { encryption: StreamEncryption.KMS, encryptionKey }),
  })
  if (encryptionKey !== undefined)
    acknowledge(stream, 'AwsSolutions-KDS3', 'The key was given by whoever deploys')
  return stream
}
