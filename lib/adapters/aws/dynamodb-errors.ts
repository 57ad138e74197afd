import { isMillraceError, MillraceError } from '../../base/errors.ts'
import { deniedError, errorName, isDenied, isTransient } from './aws-errors.ts'

/**
 * Converts an error of DynamoDB to a MillraceError. `action` is the permission that the call needs,
 * for example `dynamodb:PutItem`.
 */
export const storeError = (error: unknown, action: string, table: string): MillraceError => {
  if (isMillraceError(error)) return error
  if (errorName(error) === 'ResourceNotFoundException') {
    return new MillraceError('STORE_NOT_FOUND', {
      problem: 'There is no such table in this account and region',
      value: table,
      fix:
        'deploy the application first, or use the region and the credentials of its ' +
        'deployment',
      cause: error,
    })
  }
  if (isDenied(error))
    return deniedError(error, { service: 'DynamoDB', action, place: `the table ${table}` })
  return new MillraceError('STORE_FAILED', {
    problem: `The call ${action} to the store failed`,
    value: table,
    retryable: isTransient(error),
    cause: error,
  })
}
