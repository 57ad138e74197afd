import type { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { AlarmSettings } from './alarm-settings.ts'
import type { GivenBindings } from './bindable.ts'
import type { BundlingSettings } from './bundle.ts'
import type { ExecutorSettings } from './executors.ts'
import type { FunctionSettings, SharedFunctionSettings } from './function-settings.ts'
import type { AnyTable } from './resources.ts'

export type { ExecutorSettings } from './executors.ts'
export type { FunctionSettings } from './function-settings.ts'

/** What a {@link StreamingApp} is made with. */
export interface StreamingAppProps extends SharedFunctionSettings {
  /** The module whose default export is the pipeline. A path from the directory of `cdk`. */
  readonly entry: string
  /**
   * What the names in the pipeline stand for: the name of a source, or the first name of an address
   * such as `s3://results/totals`. A construct, or the ARN of what others have created. Give a
   * construct with its key if it has one.
   *
   * @default - what is not bound is created: a stream, a bucket, a queue or a table each
   */
  readonly bindings?: GivenBindings
  /**
   * Sources that `millrace receive` feeds from another machine, each by its name or the id of its
   * node: `['lines', 'receiverStream-1']`. Nothing is created for them.
   *
   * @default - none
   */
  readonly receive?: readonly string[]
  /**
   * A table for everything that the application stores. It needs the partition key `pk` and the
   * sort key `sk`, both strings, and the expiry attribute `ttl`. Applications of different names
   * may share one.
   *
   * @default - one is created
   */
  readonly table?: AnyTable
  /**
   * The name by which `npx millrace status --app NAME` finds the application. It must be unique in
   * its account and region: two stages side by side need two names.
   *
   * @default - the name of the pipeline
   */
  readonly appName?: string
  /**
   * What happens to everything that was created and holds data when the stack is destroyed. A
   * bucket that is not empty is never destroyed.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE: everything stays. Only a first deployment
   * that fails takes away what it has created
   */
  readonly removalPolicy?: RemovalPolicy
  /**
   * `'eventbridge'`: watched buckets tell of new objects through EventBridge. It is for buckets
   * with notifications of others whose prefixes overlap, and costs 1 $ for a million objects.
   * `'none'`: buckets that were given are left as they are. The deployment prints what is to be
   * sent where: notifications of S3, also through SNS or EventBridge, into `app.notifications`.
   *
   * @default - S3 tells a queue itself; buckets of other stacks of the program use EventBridge
   */
  readonly notifications?: 'eventbridge' | 'none'
  /**
   * How long created streams keep records: from 1 to 365 days.
   *
   * @default Duration.days(7)
   */
  readonly streamRetention?: Duration
  /**
   * Encrypts everything that is created and holds data.
   *
   * @default - keys that AWS manages
   */
  readonly encryptionKey?: IKey
  /**
   * Orders deployments. A driver of a lower generation never runs again, so a roll-back also needs
   * a higher one. A number of your own is for accounts in which CloudFormation may call no
   * function.
   *
   * @default - each deployment that changes a function takes the next number of a counter in the
   * table
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
   * Functions that compute tasks of large batches for the driver, each one task at a time. Their
   * number, or settings with a `count`. Each reserves a concurrency of one from the account.
   *
   * @default 0: the driver computes alone. Executors have the memory and the time-out of the driver
   */
  readonly executors?: number | ExecutorSettings
  /**
   * How the module of the pipeline is bundled.
   *
   * @default - with esbuild, and everything that the module imports
   */
  readonly bundling?: BundlingSettings
  /**
   * A layer of yours with the packages with native code that the pipeline needs: `millrace/sql`
   * needs `@duckdb/node-api`. Only the driver gets it. Packages in `bundling.nodeModules` or
   * `bundling.externalModules` need no layer.
   *
   * @default - if the pipeline needs one, a layer is made of the packages that are installed
   */
  readonly packageLayer?: ILayerVersion
  /**
   * How long the logs of the functions are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays
  /**
   * Encrypts the logs. The service of the logs gets the right to use the key, if the key is of this
   * program; give it to a key of others yourself.
   *
   * @default - a key of CloudWatch
   */
  readonly logEncryptionKey?: IKey
  /**
   * A dashboard of CloudWatch: what comes in, delays, failures, the functions and the table. It
   * costs 3 $ a month, beyond the first three of an account.
   *
   * @default false: `millrace status` and `millrace ui` show the application for nothing
   */
  readonly dashboard?: boolean
  /**
   * Each invocation logs what it used and its price. See the page on costs.
   *
   * @default false
   */
  readonly meter?: boolean
  /**
   * The age of waiting records at which alarms ring. It should be at most a quarter of the shortest
   * retention of the sources.
   *
   * @default Duration.hours(6)
   */
  readonly lagMax?: Duration
  /**
   * Single alarms that ring at another value, do something else, or are left out:
   * `{ driverSilent: false, failedBatches: { threshold: 3 } }`. What is found in logs shares one
   * alarm, `problems`; what is set here has an alarm of its own, `{ deadLetters: {} }` as well.
   *
   * @default - as docs/deploying.md lists them, ten for one stream
   */
  readonly alarms?: AlarmSettings
  /**
   * What is done when an alarm rings.
   *
   * @default - nothing: the console shows the alarm
   */
  readonly alarmActions?: readonly IAlarmAction[]
}
