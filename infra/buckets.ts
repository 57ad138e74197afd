/** Buckets: for blocks, and for the kinds of sources and sinks that use objects. */
import { Duration } from 'aws-cdk-lib'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  type LifecycleRule,
} from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import type { BindableType } from './bindable.ts'
import { isBucketAction } from './grants.ts'
import type { StorageSettings } from './storage-settings.ts'

/**
 * Any bucket. With exact optional properties, the CDK's own class does not fit its interface, so
 * both are named.
 */
export type AnyBucket = IBucket | Bucket

declare module './bindable.ts' {
  interface Bindables {
    buckets: AnyBucket
  }
}

/** Names can be bound to buckets. */
export const bucketType: BindableType<'buckets'> = {
  property: 'buckets',
  noun: 'bucket',
  construct: 'an IBucket of aws-cdk-lib/aws-s3',
  isInstance: (value): value is AnyBucket => 'bucketArn' in value,
  service: 's3',
  fromArn: (scope, id, arn) => Bucket.fromBucketArn(scope, id, arn),
  arnOf: ({ bucketArn }) => bucketArn,
}

/**
 * The ARN that an action is allowed on: the objects whose keys begin with a prefix, or the bucket.
 * The right to list has no condition on the prefix: only to roles that may list all of a bucket
 * does S3 answer "not there" for a missing object, and not "denied".
 */
export const arnInBucket =
  (bucket: AnyBucket, prefix: string) =>
  (action: string): string =>
    isBucketAction(action) ? bucket.bucketArn : bucket.arnForObjects(`${prefix}*`)

/** Nobody sees the parts of an upload that was never completed, but they cost money. */
const ABORT_UPLOADS: LifecycleRule = {
  id: 'abort-uploads',
  abortIncompleteMultipartUploadAfter: Duration.days(1),
}

/** What distinguishes buckets. */
export interface BucketSettings {
  /** Whether replaced objects are kept. Default: they are not. */
  readonly versioned?: boolean
  /** Rules besides the one that ends uploads. */
  readonly lifecycleRules?: readonly LifecycleRule[]
}

/** Creates a private, encrypted bucket that can only be reached over TLS. */
export const createBucket = (
  scope: Construct,
  id: string,
  { removalPolicy, encryptionKey }: StorageSettings,
  { versioned = false, lifecycleRules = [] }: BucketSettings = {},
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
    'The trail of the account logs accesses. This construct adds no log bucket for each bucket.',
  )
  return bucket
}
