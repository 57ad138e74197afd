/** What errors of AWS services mean to us: by their names and status, never by their texts. */
import { MillraceError } from '../../base/errors.ts'

/** The parts of an error of the SDK that are looked at. */
interface ServiceError {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $retryable?: object
}

const THROTTLED: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'SlowDown',
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

/** The name that a service gave its error. */
export const errorName = (error: unknown): string => partsOf(error).name ?? ''

/** The status of the answer, or undefined if none came. */
export const statusOf = (error: unknown): number | undefined =>
  partsOf(error).$metadata?.httpStatusCode

/**
 * Whether the same call may succeed later: throttled, timed out, broken off, or an error of the
 * service itself.
 */
export const isTransient = (error: unknown): boolean => {
  const { name = '', code = '', $retryable } = partsOf(error)
  return (
    $retryable !== undefined ||
    THROTTLED.has(name) ||
    LOST.has(name) ||
    CONNECTION.test(code) ||
    (statusOf(error) ?? 0) >= 500
  )
}

/** Whether the caller may not do that. */
export const isDenied = (error: unknown): boolean =>
  DENIED.has(errorName(error)) || statusOf(error) === 403

/** The fix for a call that was denied. */
export const deniedFix = (action: string, place: string): string =>
  `let the role or user that runs this do ${action} on ${place}, or check that its ` +
  'credentials are those of the right account'

/** A call that was denied: by whom, the permission it needs, and what it is about. */
export interface DeniedCall {
  readonly service: string
  readonly action: string
  readonly place: string
}

/** The error for a call that was denied, or that could not even be signed. */
export const deniedError = (
  error: unknown,
  { service, action, place }: DeniedCall,
): MillraceError =>
  errorName(error) === 'CredentialsProviderError'
    ? new MillraceError('CREDENTIALS_MISSING', {
        problem: 'There are no credentials for AWS',
        allowed: 'what the AWS SDK finds: variables, a profile, a role',
        fix: 'log in, for example with aws sso login, or name a profile: AWS_PROFILE=name',
        cause: error,
      })
    : new MillraceError('ACCESS_DENIED', {
        problem: `${service} refuses ${action}`,
        value: place,
        fix: deniedFix(action, place),
        cause: error,
      })
