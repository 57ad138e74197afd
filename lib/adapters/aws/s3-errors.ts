import { isMillraceError, MillraceError } from '../../base/errors.ts'
import { deniedError, deniedFix, errorName, isDenied, isTransient, statusOf } from './aws-errors.ts'

/**
 * Whether the object, or this version of it, does not exist. A missing bucket is a different error.
 */
export const isMissingObject = (error: unknown): boolean =>
  errorName(error) === 'NoSuchKey' ||
  errorName(error) === 'NoSuchVersion' ||
  errorName(error) === 'NotFound'

/** Whether a condition was not met. */
export const isConditionFailed = (error: unknown): boolean =>
  statusOf(error) === 412 || errorName(error) === 'PreconditionFailed'

/** Whether another write of the same object was in progress. This does not say which write won. */
export const isConflict = (error: unknown): boolean =>
  statusOf(error) === 409 && errorName(error) !== 'BucketAlreadyExists'

/** Refusals of single objects by their key of encryption. */
const REFUSED = /^KMS\.\w+$/

/**
 * Whether S3 refuses one object, and not the bucket: no rights to it or to its key, or encrypted
 * with a key of its owner. The answer to a HEAD has no body, so only its status tells:
 * 400 means that the object has a key of its owner.
 */
export const isRefusedObject = (error: unknown, isHead: boolean): boolean =>
  !isTransient(error) &&
  (errorName(error) === 'AccessDenied' ||
    REFUSED.test(errorName(error)) ||
    (errorName(error) === 'InvalidRequest' && statusOf(error) === 400) ||
    (isHead && (statusOf(error) === 403 || statusOf(error) === 400)))

/** The error for an object that S3 refuses. */
export const refusedObject = (error: unknown, place: string): MillraceError =>
  new MillraceError('OBJECT_REFUSED', {
    problem: 'S3 refuses s3:GetObject for this object',
    value: place,
    fix: 'give the application the rights to the object and to its key, and redrive it',
    cause: error,
  })

/** Whether an object is in an archive. Only a GET says so; a HEAD answers as ever. */
export const isArchivedObject = (error: unknown): boolean =>
  errorName(error) === 'InvalidObjectState'

/** The error for an object that is in an archive. */
export const archivedObject = (error: unknown, place: string): MillraceError =>
  new MillraceError('OBJECT_ARCHIVED', {
    problem: 'The object is in an archive of S3, and cannot be read before it is restored',
    value: place,
    fix:
      'restore it (aws s3api restore-object), wait until it is there, and redrive it: ' +
      'millrace redrive --code OBJECT_ARCHIVED',
    cause: error,
  })

/**
 * Converts an error of S3 to a MillraceError with the code of the port. `action` is the permission,
 * for example `s3:PutObject`.
 */
export const s3Error = (
  error: unknown,
  code: 'OUTPUT_FAILED' | 'OBJECT_UNREADABLE' | 'STORE_FAILED',
  { action, place }: { readonly action: string; readonly place: string },
): MillraceError => {
  if (isMillraceError(error)) return error
  if (isDenied(error) && code === 'STORE_FAILED')
    return deniedError(error, { service: 'S3', action, place })
  if (isDenied(error)) {
    const fix = deniedFix(action, place)
    return new MillraceError(code, {
      problem: `S3 refuses ${action}`,
      value: place,
      fix,
      cause: error,
    })
  }
  if (statusOf(error) === 301 || errorName(error) === 'PermanentRedirect') {
    const fix = 'deploy the application in the region of its buckets'
    return new MillraceError(code, {
      problem: 'The bucket is in another region',
      value: place,
      fix,
      cause: error,
    })
  }
  const isBucketMissing = errorName(error) === 'NoSuchBucket'
  return new MillraceError(code, {
    problem: isBucketMissing ? 'There is no such bucket' : `The call ${action} failed`,
    value: place,
    ...(isBucketMissing ? { fix: 'create the bucket, or correct its name and region' } : {}),
    retryable: isTransient(error) || isConflict(error),
    cause: error,
  })
}
