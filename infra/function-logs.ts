/** The log groups of the functions. */
import { Annotations, ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda'
import { type CfnLogGroup, type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { MillraceError } from '../lib/base/errors.ts'

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

/** Classes without metric filters are for logs that nobody counts. */
const CLASS_WITH_FILTERS = 'STANDARD'

/**
 * Checks that metrics can be made of a log group that was given. CloudFormation would refuse the
 * filters after it has made everything else. Of an imported group nothing is known.
 *
 * Source: Amazon CloudWatch Logs User Guide, "Log classes".
 *
 * @throws MillraceError `ARGUMENT_INVALID`.
 */
export const checkLogGroup = (group: ILogGroup): void => {
  const resource = group.node.defaultChild
  const { logGroupClass = CLASS_WITH_FILTERS } = (resource ?? {}) as Partial<CfnLogGroup>
  if (logGroupClass === CLASS_WITH_FILTERS) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem:
      'Metrics and alarms are made from the log of a function, and this group has no filters',
    value: `${group.node.path}, of the class ${logGroupClass}`,
    allowed: 'a log group of the class STANDARD',
    fix: 'give it logGroupClass: LogGroupClass.STANDARD, or leave logGroup out',
  })
}

const LEVELS_OF_ALL = ['TRACE', 'DEBUG', 'INFO']

/** Warns where a level of logging leaves metrics without values. */
export const warnOfLevel = (
  scope: Construct,
  { applicationLogLevelV2, applicationLogLevel = applicationLogLevelV2 }: Partial<FunctionOptions>,
): void => {
  if (applicationLogLevel === undefined || LEVELS_OF_ALL.includes(applicationLogLevel)) return
  Annotations.of(scope).addWarningV2(
    'millrace:logLevel',
    `Lambda drops lines below ${applicationLogLevel}, so the metrics Lag, Batches, Records and ` +
      'ProcessingTime have no values, and no alarm rings for lag',
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
