/** The log groups of the functions. */
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

/** What all created log groups have in common. */
export interface LogSettings {
  readonly retention: RetentionDays
  readonly encryptionKey: IKey | undefined
}

/** Settings of the construct. */
export interface GivenLogSettings {
  readonly logRetention?: RetentionDays
  readonly logEncryptionKey?: IKey
}

/** The settings, complete. The key is granted to the service of the logs, once. */
export const logSettings = (
  scope: Construct,
  { logRetention: retention = RetentionDays.ONE_MONTH, logEncryptionKey }: GivenLogSettings,
): LogSettings => {
  if (logEncryptionKey !== undefined) grantToLogs(scope, logEncryptionKey)
  return { retention, encryptionKey: logEncryptionKey }
}

/**
 * Without this right, no log group can be created with the key.
 *
 * Source: Amazon CloudWatch Logs User Guide, "Encrypt log data using AWS KMS".
 */
const grantToLogs = (scope: Construct, key: IKey): void => {
  const { region } = Stack.of(scope)
  const groups = Stack.of(scope).formatArn({
    service: 'logs',
    resource: '*',
    arnFormat: ArnFormat.NO_RESOURCE_NAME,
  })
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: [
        'kms:Encrypt*',
        'kms:Decrypt*',
        'kms:ReEncrypt*',
        'kms:GenerateDataKey*',
        'kms:Describe*',
      ],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
    }),
  )
}

/** Creates a log group. It goes with the stack. */
export const createLogGroup = (
  scope: Construct,
  id: string,
  { retention, encryptionKey }: LogSettings,
): LogGroup =>
  new LogGroup(scope, id, {
    retention,
    removalPolicy: RemovalPolicy.DESTROY,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
  })
