import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { CfnEventSourceMapping, Code } from 'aws-cdk-lib/aws-lambda'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { StringParameter } from 'aws-cdk-lib/aws-ssm'
import { Construct } from 'constructs'
import { createAlarms } from './alarms.ts'
import { type AnyBucket, type AnyStream, type Needs, needsOf } from './bindings.ts'
import { functionCode } from './bundle.ts'
import {
  checkBindings,
  checkedAppName,
  checkedGeneration,
  checkInterval,
  checkRegions,
} from './checks.ts'
import {
  createSchedule,
  NOTIFICATION_RETENTION,
  mapQueue,
  mapStream,
  notifyOwn,
  notifyTheirs,
  windowSeconds,
} from './event-sources.ts'
import { createWorker, driverSettings, intakeSettings, type Worker } from './functions.ts'
import { createMetrics, type MetricName, metricOf } from './metrics.ts'
import { createParameter } from './parameter.ts'
import { grantAccess, type AccessScope } from './access.ts'
import { createOutputs, createPlaces, objectsNeeds, type Places, streamNeeds } from './locations.ts'
import type { PlanSummary } from './plan-summary.ts'
import type { FunctionSettings, StreamingAppProps } from './props.ts'
import { createQueue, type QueuePair } from './queues.ts'
import { readPlan } from './read-plan.ts'
import { createBlocks, createDiscards, createTable } from './resources.ts'
import { grantRights } from './rights.ts'
import { driverVariables, intakeVariables } from './variables.ts'

const DRIVERS_MAX = 2

/**
 * A pipeline as an application on AWS: the module's plan is read when the construct is made, and exactly what it needs is created.
 *
 * @example
 * ```ts
 * const clicks = new Stream(this, 'ClickStream')
 * const app = new StreamingApp(this, 'Clicks', { entry: 'pipeline.ts', bindings: { clicks } })
 * app.metricLag().createAlarm(this, 'Late', { threshold: 60_000, evaluationPeriods: 5 })
 * ```
 */
export class StreamingApp extends Construct {
  /** The name under which the command line finds it: `npx millrace status --app NAME`. */
  readonly appName: string
  /** Tells the command line where all the rest is. */
  readonly parameter: StringParameter
  /** Holds all that the application knows. */
  readonly table: Table
  /** Holds large segments. */
  readonly blocks: Bucket
  /** The function that takes records in. */
  readonly intake: Worker
  /** The function that runs batches. */
  readonly driver: Worker
  /** Calls the driver. */
  readonly triggers: QueuePair
  /** Tells intake of new objects; undefined where no source watches any. */
  readonly notifications: QueuePair | undefined
  /** What Lambda could not hand over; undefined where no source is a stream. */
  readonly discards: Bucket | undefined
  /** The streams that are read, by their names in the pipeline: those given and those created. */
  readonly streams: Readonly<Record<string, AnyStream>>
  /** The buckets that are read and written, by their names in the pipeline: those given and those created. */
  readonly buckets: Readonly<Record<string, AnyBucket>>
  /** The event source mappings of the streams. */
  readonly mappings: readonly CfnEventSourceMapping[]
  /** All alarms. */
  readonly alarms: readonly Alarm[]
  readonly #props: StreamingAppProps
  readonly #plan: PlanSummary
  readonly #generation: number
  readonly #needs: Needs
  readonly #places: Places
  readonly #namespace: string

  /** Throws MillraceError `INTERVAL_UNFIT`, `BINDING_UNFIT`, `BINDING_MISSING`, `BINDING_UNKNOWN`, and those of the module. */
  constructor(scope: Construct, id: string, props: StreamingAppProps) {
    super(scope, id)
    const { entry, bindings = {}, removalPolicy = RemovalPolicy.RETAIN, encryptionKey } = props
    checkBindings(bindings)
    checkRegions(this, bindings)
    this.#props = props
    this.#generation = checkedGeneration(props.generation ?? Date.now())
    this.#plan = readPlan(entry)
    checkInterval(this.#plan)
    this.#needs = needsOf(this.#plan, bindings)
    this.appName = checkedAppName(props.appName ?? this.#plan.name)
    this.#namespace = `Millrace/${this.node.path}`

    const keeping = { removalPolicy, encryptionKey }
    this.table = createTable(this, keeping)
    this.blocks = createBlocks(this, keeping)
    this.#places = createPlaces(this, this.#needs, bindings, keeping)
    this.streams = this.#places.streams
    this.buckets = this.#places.buckets
    this.discards = Object.keys(this.streams).length > 0 ? createDiscards(this, keeping) : undefined

    const settings = {
      intake: intakeSettings(props.intake),
      driver: driverSettings(this.#plan.intervalMs, props.driver),
    }
    this.triggers = createQueue(this, 'Triggers', {
      // A tick of a driver that died comes back when that driver's lease is over.
      visibilityTimeout: settings.driver.timeout.plus(Duration.seconds(30)),
      // The schedule makes a new one each minute.
      retention: Duration.hours(1),
      tries: 3,
    })
    this.notifications =
      objectsNeeds(this.#needs).length > 0 ? this.#createHints(settings.intake.timeout) : undefined
    const code = functionCode(entry)
    this.intake = this.#worker('intake', code, settings.intake)
    this.driver = this.#worker('driver', code, settings.driver)
    this.#grantRights()
    this.mappings = this.#mapAll()
    createSchedule(this, this.#plan.name, this.triggers.queue)
    createMetrics(this, this.#namespace, {
      intake: this.intake.logGroup,
      driver: this.driver.logGroup,
    })
    this.alarms = this.#createAlarms()
    this.parameter = this.#createParameter()
    createOutputs(this, this.appName, this.table.tableName, this.#needs, this.#places)
  }

  /** Lets somebody see how the application is doing: `millrace status` and `millrace dead-letters`. */
  grantRead(grantee: IGrantable): Grant {
    return grantAccess(grantee, 'reader', this.#reachOfPeople())
  }

  /** Lets somebody read the records that were put aside, `millrace dead-letters`, and nothing else. */
  grantReadDeadLetters(grantee: IGrantable): Grant {
    return grantAccess(grantee, 'letterReader', this.#reachOfPeople())
  }

  /** Lets somebody operate the application: all of the above, and `millrace resume`, `skip`, `reset` and `redrive`. */
  grantOperate(grantee: IGrantable): Grant {
    return grantAccess(grantee, 'operator', this.#reachOfPeople())
  }

  /** The age of the oldest record that no batch has taken, in milliseconds. Default: the maximum of a minute. */
  metricLag(props?: MetricOptions): Metric {
    return this.metric('Lag', props)
  }

  /** Batches that were completed. Default: the sum of a minute. */
  metricBatches(props?: MetricOptions): Metric {
    return this.metric('Batches', props)
  }

  /** Records in completed batches. Default: the sum of a minute. */
  metricRecords(props?: MetricOptions): Metric {
    return this.metric('Records', props)
  }

  /** Attempts of batches that failed. Default: the sum of a minute. */
  metricFailedBatches(props?: MetricOptions): Metric {
    return this.metric('FailedBatches', props)
  }

  /** Records that were put aside. Default: the sum of a minute. */
  metricDeadLetters(props?: MetricOptions): Metric {
    return this.metric('DeadLetters', props)
  }

  /** Any metric of the application. */
  metric(name: MetricName, props?: MetricOptions): Metric {
    return metricOf(this.#namespace, name, props)
  }

  #reachOfPeople(): AccessScope {
    const { parameter, table, blocks, triggers } = this
    return { app: this.#plan.name, parameter, table, blocks, triggers: triggers.queue }
  }

  #createParameter(): StringParameter {
    return createParameter(this, this.appName, {
      app: this.#plan.name,
      table: this.table.tableName,
      blocks: this.blocks.bucketName,
      triggers: this.triggers.queue.queueUrl,
      sources: this.#plan.sources.map(({ id }) => id),
      generation: this.#generation,
      logs: {
        intake: this.intake.logGroup.logGroupName,
        driver: this.driver.logGroup.logGroupName,
      },
    })
  }

  /** Hints are tried for hours before they are put aside: the objects stay, but nothing else says that they are new. */
  #createHints(timeout: Duration): QueuePair {
    // AWS's advice for queues that call functions: six times the time-out, so that throttling alone uses up no try.
    return createQueue(this, 'Notifications', {
      visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()),
      retention: NOTIFICATION_RETENTION,
      tries: 50,
    })
  }

  #worker(name: 'intake' | 'driver', code: Code, settings: Required<FunctionSettings>): Worker {
    const isDriver = name === 'driver'
    const facts = {
      table: this.table.tableName,
      blocks: this.blocks.bucketName,
      triggers: this.triggers.queue.queueUrl,
      needs: this.#needs,
      places: this.#places,
    }
    const environment = isDriver
      ? driverVariables(facts, {
          generation: this.#generation,
          timeoutS: settings.timeout.toSeconds(),
        })
      : intakeVariables(facts)
    return createWorker(this, isDriver ? 'Driver' : 'Intake', {
      name,
      code,
      settings,
      environment,
      logRetention: this.#props.logRetention ?? RetentionDays.ONE_MONTH,
      description: isDriver
        ? `Runs the batches of ${this.appName}`
        : `Takes records in for ${this.appName}`,
    })
  }

  #grantRights(): void {
    const part = ({ name, prefix }: { readonly name: string; readonly prefix: string }) => ({
      bucket: this.buckets[name] as AnyBucket,
      prefix,
    })
    grantRights(this.intake, this.driver, {
      app: this.#plan.name,
      table: this.table,
      blocks: this.blocks,
      triggers: this.triggers.queue,
      notifications: this.notifications?.queue,
      streams: Object.values(this.streams),
      objects: objectsNeeds(this.#needs).map(part),
      outputs: this.#needs.outputs.map(part),
      discards: this.discards,
    })
  }

  #mapAll(): readonly CfnEventSourceMapping[] {
    const { intervalMs } = this.#plan
    mapQueue(this, 'TriggersMapping', this.driver, {
      queue: this.triggers.queue,
      batchSize: 10,
      windowS: 0,
      concurrency: DRIVERS_MAX,
    })
    if (this.notifications !== undefined) {
      mapQueue(this, 'NotificationsMapping', this.intake, {
        queue: this.notifications.queue,
        batchSize: 1_000,
        windowS: Math.max(1, windowSeconds(intervalMs)),
      })
      this.#notify(this.notifications)
    }
    return Object.entries(this.streams).map(([name, stream]) => {
      // Two sources of one stream share its mapping: it begins where the first of them does.
      const starts = streamNeeds(this.#needs).flatMap((source) =>
        source.name === name ? [source.startFrom] : [],
      )
      const startFrom = starts.includes('trimHorizon')
        ? 'trimHorizon'
        : Math.min(...starts.map(Number))
      return mapStream(this, `Mapping-${name}`, this.intake, {
        stream,
        startFrom,
        intervalMs,
        discards: this.discards as Bucket,
      })
    })
  }

  #notify({ queue }: QueuePair): void {
    for (const name of new Set(objectsNeeds(this.#needs).map((source) => source.name))) {
      const bucket = this.buckets[name] as AnyBucket
      const prefixes = objectsNeeds(this.#needs).flatMap((source) =>
        source.name === name ? [source.prefix] : [],
      )
      if (this.#props.bindings?.[name] === undefined)
        notifyOwn(bucket as Bucket, queue, withoutOverlaps(prefixes))
      else notifyTheirs(bucket, queue, withoutOverlaps(prefixes), this)
    }
  }

  #createAlarms(): readonly Alarm[] {
    const watched = {
      namespace: this.#namespace,
      lagMax: this.#props.lagMax ?? Duration.hours(6),
      intake: this.intake,
      driver: this.driver,
      queues: {
        Triggers: this.triggers,
        ...(this.notifications === undefined ? {} : { Hints: this.notifications }),
      },
      streams: this.mappings,
    }
    return createAlarms(this, watched, this.#props.alarmActions ?? [])
  }
}

/** S3 takes no two notifications of one event whose prefixes overlap: the shorter one tells it all. */
const withoutOverlaps = (prefixes: readonly string[]): readonly string[] => {
  const distinct = [...new Set(prefixes)]
  return distinct.filter(
    (prefix) => !distinct.some((other) => other !== prefix && prefix.startsWith(other)),
  )
}
