/** Interprets errors of AWS services by their names and status, never by their texts. */
import { MillraceError } from '../../base/errors.ts'

/** The parts of an SDK error that this file reads. */
interface ServiceError {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $retryable?: { readonly throttling?: boolean }
}

/** `KMS.ThrottlingException`, `RequestThrottled`, `ThrottledException`, ... */
const THROTTLED =
  /throttl|ThroughputExceeded|RequestLimitExceeded|TooManyRequests|RequestThrottled|SlowDown/i
const CONFLICTS: ReadonlySet<string> = new Set([
  'TransactionConflictException',
  'ReplicatedWriteConflictException',
  'InternalServerError',
])
const LOST: ReadonlySet<string> = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'AbortError',
  'NetworkingError',
])
const CONNECTION = /^(ECONN|EPIPE|EAI_|ENOTFOUND|ETIMEDOUT|EHOST|ENET|ERR_HTTP2|ERR_STREAM)/
const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AllAccessDisabled',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidSignatureException',
  'KMSAccessDeniedException',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'CredentialsProviderError',
])

const partsOf = (error: unknown): ServiceError =>
  typeof error === 'object' && error !== null ? error : {}

/** The error name that a service gave. */
export const errorName = (error: unknown): string => partsOf(error).name ?? ''

/** The HTTP status of the answer; undefined without an answer. */
export const statusOf = (error: unknown): number | undefined =>
  partsOf(error).$metadata?.httpStatusCode

/** Whether a service gave this name to an error because it was asked too much. */
export const isThrottledName = (name: string): boolean => THROTTLED.test(name)

/** Whether a call was refused because the service was asked too much. */
export const isThrottled = (error: unknown): boolean =>
  isThrottledName(errorName(error)) ||
  partsOf(error).$retryable?.throttling === true ||
  statusOf(error) === 429

/**
 * Whether the same call may succeed later: it was throttled, timed out or interrupted, or the
 * service itself failed.
 */
export const isTransient = (error: unknown): boolean => {
  const { name = '', code = '', $retryable } = partsOf(error)
  return (
    $retryable !== undefined ||
    isThrottled(error) ||
    CONFLICTS.has(name) ||
    LOST.has(name) ||
    CONNECTION.test(code) ||
    (statusOf(error) ?? 0) >= 500
  )
}

/** Whether the caller lacks the permission. */
export const isDenied = (error: unknown): boolean =>
  DENIED.has(errorName(error)) || statusOf(error) === 403

/** The fix for a denied call. */
export const deniedFix = (action: string, place: string): string =>
  `allow the role or user of this process to do ${action} on ${place}, or check that its ` +
  'credentials belong to the right account'

/** A denied call: the service that denied it, the permission it needs, and its resource. */
export interface DeniedCall {
  readonly service: string
  readonly action: string
  readonly place: string
}

/** The error for a call that was denied, or that could not be signed. */
export const deniedError = (
  error: unknown,
  { service, action, place }: DeniedCall,
): MillraceError =>
  errorName(error) === 'CredentialsProviderError'
    ? new MillraceError('CREDENTIALS_MISSING', {
        problem: 'There are no credentials for AWS',
        allowed: 'credentials that the AWS SDK finds: environment variables, a profile or a role',
        fix: 'log in, for example with aws sso login, or name a profile: AWS_PROFILE=name',
        cause: error,
      })
    : new MillraceError('ACCESS_DENIED', {
        problem: `${service} refuses ${action}`,
        value: place,
        fix: deniedFix(action, place),
        cause: error,
      })
