import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { MillraceError } from '../../base/errors.ts'
import { deniedError, errorName, isDenied, isTransient } from './aws-errors.ts'
import { clientSettings, once } from './clients.ts'

const ssmClient = once(() => new SSMClient(clientSettings()))

/**
 * The text of a parameter of the account and region that the surroundings name; undefined if there
 * is none.
 *
 * Errors: `ACCESS_DENIED`, `CREDENTIALS_MISSING`, `STORE_FAILED`.
 *
 * @example
 * ```ts
 * const text = await readParameter('/millrace/clicks')
 * ```
 */
export const readParameter = async (
  name: string,
  client: SSMClient = ssmClient(),
): Promise<string | undefined> => {
  try {
    return (await client.send(new GetParameterCommand({ Name: name }))).Parameter?.Value
  } catch (error) {
    if (errorName(error) === 'ParameterNotFound') return undefined
    throw parameterError(error, name)
  }
}

/**
 * The region that calls go to.
 *
 * Errors: `CREDENTIALS_MISSING` when none is set.
 *
 * @example
 * ```ts
 * const region = await regionOfCalls()
 * ```
 */
export const regionOfCalls = async (client: SSMClient = ssmClient()): Promise<string> => {
  try {
    return await client.config.region()
  } catch (cause) {
    throw new MillraceError('CREDENTIALS_MISSING', {
      problem: 'No region of AWS is set',
      allowed: 'what the AWS SDK finds: AWS_REGION, or the region of a profile',
      fix: 'AWS_REGION=eu-west-1, or AWS_PROFILE=name',
      cause,
    })
  }
}

const parameterError = (error: unknown, name: string): MillraceError =>
  isDenied(error)
    ? deniedError(error, {
        service: 'Systems Manager',
        action: 'ssm:GetParameter',
        place: `the parameter ${name}`,
      })
    : new MillraceError('STORE_FAILED', {
        problem: 'Systems Manager did not do ssm:GetParameter',
        value: name,
        retryable: isTransient(error),
        cause: error,
      })
