import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { MillraceError } from '../../base/errors.ts'
import { deniedFix, errorName, isDenied, isTransient } from './aws-errors.ts'
import { clientSettings, once } from './clients.ts'

const ssmClient = once(() => new SSMClient(clientSettings()))

/**
 * The text of a parameter of the account and region that the surroundings name; undefined if there is none.
 *
 * Errors: `STORE_FAILED`, retryable unless access is denied.
 *
 * @example
 * ```ts
 * const text = await readParameter('/millrace/clicks')
 * ```
 */
export const readParameter = async (name: string, client: SSMClient = ssmClient()): Promise<string | undefined> => {
  try {
    return (await client.send(new GetParameterCommand({ Name: name }))).Parameter?.Value
  } catch (error) {
    if (errorName(error) === 'ParameterNotFound') return undefined
    throw parameterError(error, name)
  }
}

const parameterError = (error: unknown, name: string): MillraceError =>
  isDenied(error)
    ? new MillraceError('STORE_FAILED', {
        problem: 'Systems Manager refuses ssm:GetParameter',
        value: name,
        fix: deniedFix('ssm:GetParameter', `the parameter ${name}`),
        cause: error,
      })
    : new MillraceError('STORE_FAILED', {
        problem: 'Systems Manager did not do ssm:GetParameter',
        value: name,
        retryable: isTransient(error),
        cause: error,
      })
