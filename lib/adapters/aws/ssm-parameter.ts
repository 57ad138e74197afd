import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { MillraceError } from '../../base/errors.ts'
import { deniedError, errorName, isDenied, isTransient } from './aws-errors.ts'
import { clientSettings, once } from './clients.ts'

const ssmClient = once(() => new SSMClient(clientSettings()))

/**
 * Reads the text of a parameter, in the account and region of the environment; undefined if it does
 * not exist.
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
 * The region that AWS calls use.
 *
 * Errors: `CREDENTIALS_MISSING` when no region is set.
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
      allowed: 'a region that the AWS SDK finds: AWS_REGION, or the region of a profile',
      fix: 'set AWS_REGION=eu-west-1, or AWS_PROFILE=name',
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
        problem: 'The call ssm:GetParameter failed',
        value: name,
        retryable: isTransient(error),
        cause: error,
      })

/**
 * The profile whose credentials AWS calls use. Undefined: those of the environment.
 *
 * @example
 * ```ts
 * const profile = profileOfCalls() ?? 'none'
 * ```
 */
export const profileOfCalls = (): string | undefined => process.env['AWS_PROFILE']
