/** Objects of buckets as outputs. */
import { MillraceError } from '../../lib/base/errors.ts'
import { arnInBucket, bucketType, createBucket } from '../buckets.ts'
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import { CREATE_OBJECTS, type KindGrants, REPLACE_OBJECTS } from '../grants.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

/** Executors create parts. The driver looks before, and removes what nobody counts. */
const grants = {
  outputs: { driver: [REPLACE_OBJECTS], executor: [CREATE_OBJECTS] },
} satisfies KindGrants

const FORM = 's3://NAME/PATH, or NAME/PATH'
const S3_URI = /^s3:\/\/([^/]+)(?:\/(.*))?$/s
const NAME_AND_PATH = /^([A-Za-z0-9][\w.-]*)\/(.+)$/s
const ANY_URI = /^[a-z][a-z0-9+.-]+:/i

/** The functions read places in the same way. */
const locate = (place: string): NamedPath | undefined => {
  const [, name, path = ''] = S3_URI.exec(place) ?? NAME_AND_PATH.exec(place) ?? []
  if (name !== undefined) return { name, path }
  if (ANY_URI.test(place)) return undefined
  throw new MillraceError('BINDING_MISSING', {
    problem: 'An output goes to a directory, and a function on AWS has none that lasts',
    value: place,
    allowed: `${FORM}; NAME is bound to a bucket, or one is created`,
    fix: `write to s3://results/${place.replace(/^[./]+/, '')}`,
  })
}

const deploy = (
  needs: readonly SinkNeed[],
  { scope, pool, storage }: KindParts,
): DeployedResources => {
  const outputs = needs.map(({ name, path }) => ({
    name,
    prefix: path,
    bucket: pool.obtain(bucketType, name, () => createBucket(scope, `Bucket-${name}`, storage)),
  }))
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, bucket: { bucketName: bucket } }) => [
        name,
        { kind: 'objects', bucket },
      ]),
    ),
    reaches: outputs.map(({ bucket, prefix }) => ({
      grants: grants.outputs,
      arnOf: arnInBucket(bucket, prefix),
    })),
    keys: outputs.flatMap(({ bucket: { encryptionKey: key } }) =>
      (['driver', 'executor'] as const).map((role) => ({ key, role, use: 'both' as const })),
    ),
    commands: outputs.map(({ name, prefix, bucket }) => ({
      id: `See-${name}-${prefix}`,
      value: `aws s3 ls --recursive s3://${bucket.bucketName}/${prefix}`,
      description: `Lists the results: ${name}`,
    })),
  }
}

registerSinkKind({
  name: 'objects',
  type: bucketType,
  form: FORM,
  locate,
  grants,
  packages: ['@aws-sdk/client-s3'],
  deploy,
})
