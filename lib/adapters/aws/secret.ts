import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { deniedFix, errorName, isDenied, isTransient } from './aws-errors.ts'
import { clientSettings } from './clients.ts'
import { MillraceError } from '../../base/errors.ts'

/**
 * The text of a secret of AWS Secrets Manager, by its ARN or name.
 *
 * @throws MillraceError `OUTPUT_FAILED`.
 */
export const readSecret = async (secret: string): Promise<string> => {
  const client = new SecretsManagerClient(clientSettings())
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: secret }))
    return SecretString
  } catch (error) {
    throw new MillraceError('OUTPUT_FAILED', {
      problem:
        errorName(error) === 'ResourceNotFoundException'
          ? 'There is no such secret in this account and region'
          : 'The call secretsmanager:GetSecretValue failed',
      value: secret,
      ...(isDenied(error)
        ? { fix: deniedFix('secretsmanager:GetSecretValue', `the secret ${secret}`) }
        : {}),
      retryable: isTransient(error),
      cause: error,
    })
  } finally {
    client.destroy()
  }
}
