import { Annotations, Match } from 'aws-cdk-lib/assertions'
import { Key } from 'aws-cdk-lib/aws-kms'
import { ApplicationLogLevel, LoggingFormat } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, LogGroupClass, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { expect, test } from 'vitest'
import { statementsOf, synthesise, textOf } from './stacks.ts'

const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/own'

test('all log groups have the key and the retention that are given', () => {
  const { template } = synthesise('clicks', (stack) => ({
    generation: undefined as never,
    logRetention: RetentionDays.SIX_MONTHS,
    logEncryptionKey: new Key(stack, 'Key'),
  }))
  template.resourceCountIs('AWS::Logs::LogGroup', 3)
  template.allResourcesProperties('AWS::Logs::LogGroup', {
    RetentionInDays: 180,
    KmsKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] },
  })
})

test('the service of the logs may use the key, for logs of this account alone', () => {
  const { template } = synthesise('clicks', (stack) => ({
    logEncryptionKey: new Key(stack, 'Key'),
  }))
  const [key] = Object.values(template.findResources('AWS::KMS::Key'))
  const { KeyPolicy } = (
    key as { Properties: { KeyPolicy: { Statement: readonly { Principal: unknown }[] } } }
  ).Properties
  const ofLogs = KeyPolicy.Statement.filter(({ Principal }) =>
    JSON.stringify(Principal).includes('logs.'),
  )
  expect(ofLogs).toHaveLength(1)
  expect(JSON.stringify(ofLogs)).toContain('kms:EncryptionContext:aws:logs:arn')
})

test('a key of others is used as it is', () => {
  const { template } = synthesise('clicks', (stack) => ({
    logEncryptionKey: Key.fromKeyArn(stack, 'Key', KEY),
  }))
  template.allResourcesProperties('AWS::Logs::LogGroup', { KmsKeyId: KEY })
})

test('a log group of one function may be given, and gets its metrics and rights', () => {
  const { template, app } = synthesise('clicks', (stack) => ({
    driver: { logGroup: LogGroup.fromLogGroupName(stack, 'Mine', 'mine') },
  }))
  template.resourceCountIs('AWS::Logs::LogGroup', 1)
  template.hasResourceProperties('AWS::Lambda::Function', {
    Handler: 'driver.handler',
    LoggingConfig: Match.objectLike({ LogGroup: 'mine' }),
  })
  template.hasResourceProperties('AWS::Logs::MetricFilter', {
    LogGroupName: 'mine',
    FilterPattern: '{ $.event = "batchFailed" }',
  })
  const [logs] = statementsOf(template, 'AppDriverPolicy')
  expect(textOf(logs?.Resource)).toContain(':log-group:mine:*')
  expect(app.driver.logGroup.logGroupName).toBe('mine')
})

test.each([LogGroupClass.INFREQUENT_ACCESS, LogGroupClass.DELIVERY])(
  'a log group of the class %s is refused, since it can have no metrics',
  (logGroupClass) => {
    const make = () =>
      synthesise('clicks', (stack) => ({
        driver: { logGroup: new LogGroup(stack, 'Cheap', { logGroupClass }) },
      }))
    expect(make).toThrow(/ARGUMENT_INVALID[^]*Cheap[^]*STANDARD/)
  },
)

test.each([
  { level: ApplicationLogLevel.WARN, warns: true },
  { level: ApplicationLogLevel.INFO, warns: false },
])('level $level of a driver is warned of: $warns', ({ level, warns }) => {
  const { stack } = synthesise('clicks', () => ({
    loggingFormat: LoggingFormat.JSON,
    driver: { functionProps: { applicationLogLevelV2: level } },
  }))
  const found = Annotations.fromStack(stack).findWarning(
    '*',
    Match.stringLikeRegexp('Lag, Batches, Records'),
  )
  expect(found).toHaveLength(warns ? 1 : 0)
})
