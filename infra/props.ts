import type { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Binding } from './bindings.ts'

/** Settings of one of the two functions. */
export interface FunctionSettings {
  /**
   * Memory in MiB. Processing power grows with it: a whole processor at 1,769.
   *
   * @default - 1,024 for intake, 1,769 for the driver
   */
  readonly memorySize?: number
  /**
   * The longest that one invocation may take. The driver's is also how long the line stands still after its process has died in the middle
   * of a batch, and a batch must fit into it.
   *
   * @default - intake: 60 s. Driver: 60 s and three batch intervals, 15 minutes at most
   */
  readonly timeout?: Duration
}

/** What a {@link StreamingApp} is made with. */
export interface StreamingAppProps {
  /** The module whose default export is the pipeline, from the directory that `cdk` runs in. */
  readonly entry: string
  /**
   * What the names in the pipeline stand for: for the name of a stream or a watched place, or for a bucket of an `s3://` address.
   *
   * @default - what is not bound is created: an on-demand stream or a bucket each
   */
  readonly bindings?: Readonly<Record<string, Binding>>
  /**
   * The name under which `npx millrace status --app NAME` finds the application. No two in one account and region may have the same: stages
   * side by side need one each.
   *
   * @default - the name of the pipeline
   */
  readonly appName?: string
  /**
   * What becomes of the table, the created streams and the created buckets when the stack is destroyed. A bucket that is not empty is never
   * destroyed.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy
  /**
   * Encrypts the table and all buckets and streams that are created.
   *
   * @default - keys that AWS manages
   */
  readonly encryptionKey?: IKey
  /**
   * Orders deployments: a driver of a lower generation never runs again, so a roll-back must have a higher one too.
   *
   * @default - the time of the synthesis in milliseconds
   */
  readonly generation?: number
  /**
   * Settings of the function that takes records in.
   *
   * @default - see FunctionSettings
   */
  readonly intake?: FunctionSettings
  /**
   * Settings of the function that runs batches.
   *
   * @default - see FunctionSettings
   */
  readonly driver?: FunctionSettings
  /**
   * How long the functions' logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays
  /**
   * The alarm for lag rings when the oldest record that no batch has taken is this old. A quarter of the shortest retention of the sources.
   *
   * @default Duration.hours(6)
   */
  readonly lagMax?: Duration
  /**
   * What is done when an alarm rings.
   *
   * @default - nothing: alarms are there to look at
   */
  readonly alarmActions?: readonly IAlarmAction[]
}
