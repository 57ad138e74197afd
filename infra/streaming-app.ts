import './sinks/all.ts'
import './sources/all.ts'
import { Duration } from 'aws-cdk-lib'
import type { Alarm, Dashboard, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { Connections, IConnectable } from 'aws-cdk-lib/aws-ec2'
import type { Grant, IGrantable, IPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { CfnEventSourceMapping, FunctionUrl } from 'aws-cdk-lib/aws-lambda'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { type AccessScope, grantAccess } from './access.ts'
import type { Rule } from './alarm-settings.ts'
import { commonRules, createAlarms } from './alarms.ts'
import type { NamedResources } from './bindable.ts'
import { needsOf } from './bindings.ts'
import { boundConstructs } from './bound.ts'
import { checkAppName, checkGeneration, checkInterval, checkRegions } from './checks.ts'
import { printCommands } from './commands.ts'
import { type DeployedKinds, deployKinds } from './deploy-kinds.ts'
import type { Command } from './deployed-kind.ts'
import { createDashboard } from './dashboard.ts'
import { callDriver } from './event-sources.ts'
import { answersRules, executorSettings, threadsOf } from './executors.ts'
import { driverSettings, intakeSettings } from './function-settings.ts'
import type { Worker } from './functions.ts'
import { checkTable } from './given-table.ts'
import { MeasuredApp } from './measured-app.ts'
import { accumulatorMetric, createMetrics, type MetricParts } from './metrics.ts'
import { createParameter } from './parameter.ts'
import type { PlanSummary } from './plan-summary.ts'
import { principalOf, connectionsOf } from './principals.ts'
import type { StreamingAppProps } from './props.ts'
import { createTriggerQueue, type QueuePair } from './queues.ts'
import { readPlan } from './read-plan.ts'
import { type AnyTable, createBlocks, createItemTable } from './resources.ts'
import { grantRights } from './rights.ts'
import { storageSettings } from './storage-settings.ts'
import { createWorkers, type NumberedWorkers, type WorkerSettings } from './workers.ts'

const LAG_MAX: Duration = Duration.hours(6)

/**
 * A pipeline as an application on AWS. The construct reads the plan of the module and creates
 * exactly what it needs.
 *
 * @example
 * ```ts
 * const clicks = new Stream(this, 'ClickStream')
 * const app = new StreamingApp(this, 'Clicks', { entry: 'pipeline.ts', bindings: { clicks } })
 * app.metricLag().createAlarm(this, 'Late', { threshold: 60_000, evaluationPeriods: 5 })
 * ```
 */
export class StreamingApp extends MeasuredApp implements IGrantable, IConnectable {
  /** The name by which the command line finds it: `npx millrace status --app NAME`. */
  readonly appName: string
  /** Tells the command line where everything else is. */
  readonly parameter: StringParameter
  /** Stores everything that the application knows. */
  readonly table: AnyTable
  /** Stores large segments. */
  readonly blocks: Bucket
  /** The function that takes records in. */
  readonly intake: Worker
  /** The function that runs batches. */
  readonly driver: Worker
  /** The functions that compute tasks of large batches. Empty: `executors` was left out. */
  readonly executors: readonly Worker[]
  /** The queue that calls the driver. */
  readonly triggers: QueuePair
  /** The queue that tells intake of new objects. Undefined: no source watches a bucket. */
  readonly notifications: QueuePair | undefined
  /** Records that Lambda could not hand over. Undefined: no source reads a stream. */
  readonly discards: Bucket | undefined
  /** The streams that are read or written, by their names: those given and those created. */
  readonly streams: NamedResources['streams']
  /** The buckets that are read or written, by their names: those given and those created. */
  readonly buckets: NamedResources['buckets']
  /** The queues that are read or written, by their names: those given and those created. */
  readonly queues: NamedResources['queues']
  /** The topics of SNS that are written, by their names: those given and those created. */
  readonly topics: NamedResources['topics']
  /** The event buses that are written, by their names: those given and those created. */
  readonly buses: NamedResources['buses']
  /** The clusters of Kafka that are read, by their names. */
  readonly clusters: NamedResources['clusters']
  /** The tables that are read or written, by their names: those given and those created. */
  readonly tables: NamedResources['tables']
  /** The event source mappings through which the sources call intake. */
  readonly mappings: readonly CfnEventSourceMapping[]
  /** At which requests bring records. Undefined: no source takes requests. */
  readonly url: FunctionUrl | undefined
  /** All alarms. */
  readonly alarms: readonly Alarm[]
  /** What shows all of it in CloudWatch. Undefined: `dashboard` was left out. */
  readonly dashboard: Dashboard | undefined
  /** All functions, for grants: `table.grantReadData(app)`. */
  readonly grantPrincipal: IPrincipal
  readonly #props: StreamingAppProps
  readonly #plan: PlanSummary
  readonly #fed: readonly string[]
  readonly #generation: number
  readonly #kinds: DeployedKinds

  /**
   * @throws MillraceError `INTERVAL_UNFIT`, `BINDING_UNFIT`, `BINDING_MISSING`, `BINDING_UNKNOWN`,
   * `QUEUE_NOT_RECOVERABLE`, `ARGUMENT_INVALID`, and the errors of the module.
   */
  constructor(scope: Construct, id: string, props: StreamingAppProps) {
    super(scope, id)
    const { entry } = props
    const bindings = boundConstructs(this, props.bindings ?? {})
    checkRegions(this, { ...bindings, ...(props.table && { table: props.table }) })
    this.#props = props
    checkGeneration(props.generation)
    this.#plan = readPlan(entry)
    checkInterval(this.#plan)
    const needs = needsOf(this.#plan, bindings, props.receive)
    this.#fed = needs.fed
    this.appName = checkAppName(props.appName ?? this.#plan.name)

    const { intervalMs } = this.#plan
    const storage = storageSettings(props)
    const intake = intakeSettings(props.intake)
    const alone = driverSettings(intervalMs, props.driver)
    const executors = executorSettings(props.executors, alone)
    const threads = threadsOf(this.#plan, executors)
    const driver = driverSettings(intervalMs, props.driver, threads)
    if (props.table !== undefined) checkTable(this, props.table, this.#plan.name)
    this.table = props.table ?? createItemTable(this, storage)
    this.blocks = createBlocks(this, storage, answersRules(executors, this.#plan.name))
    const { notifications, lagMax = LAG_MAX } = props
    const times = { intervalMs, intakeTimeout: intake.timeout, lagMax }
    this.#kinds = deployKinds(needs, bindings, { scope: this, storage, notifications, ...times })
    const { streams, buckets, queues, topics, buses, clusters, tables } = this.#kinds.resources
    this.streams = streams
    this.buckets = buckets
    this.queues = queues
    this.topics = topics
    this.buses = buses
    this.clusters = clusters
    this.tables = tables
    this.discards = this.#kinds.shared.discards
    this.notifications = this.#kinds.shared.notifications

    this.triggers = createTriggerQueue(this, driver.timeout)
    const workers = this.#createWorkers({ intake, driver, executors, threads })
    this.intake = workers.intake
    this.driver = workers.driver
    this.executors = workers.executors
    this.#generation = workers.generation
    this.grantPrincipal = principalOf([this.intake, this.driver, ...this.executors])
    this.#grantRights()
    const connection = this.#kinds.connect(this.intake)
    this.mappings = connection.mappings
    this.url = connection.url
    callDriver(this, this.#plan.name, this.driver, this.triggers.queue)
    createMetrics(this, this.#metricParts)
    this.alarms = this.#createAlarms(lagMax, connection.alarms)
    this.dashboard = this.#createDashboard(lagMax, connection.alarms)
    this.parameter = this.#createParameter()
    this.#printCommands(connection.commands ?? [])
  }

  /**
   * The network connections of all functions: `database.connections.allowDefaultPortFrom(app)`.
   * @throws Error without `vpc`.
   */
  get connections(): Connections {
    return connectionsOf([this.intake, this.driver, ...this.executors])
  }

  /** Lets all functions do more: what your own code in the pipeline needs. */
  addToRolePolicy(statement: PolicyStatement): void {
    this.grantPrincipal.addToPrincipalPolicy(statement)
  }

  /** Lets somebody see how the application is doing: `millrace status`, `millrace dead-letters`. */
  grantRead(grantee: IGrantable): Grant {
    return grantAccess(grantee, 'reader', this.#accessScope())
  }

  /** Lets somebody read records that were put aside, and nothing else: `millrace dead-letters`. */
  grantReadDeadLetters(grantee: IGrantable): Grant {
    return grantAccess(grantee, 'deadLetterReader', this.#accessScope())
  }

  /** Lets somebody read the state of all operators by key, and nothing else: `openState`. */
  grantReadState(grantee: IGrantable): Grant {
    return grantAccess(grantee, 'stateReader', this.#accessScope())
  }

  /** Lets a process feed the sources of `receive`, and nothing else: `millrace receive`. */
  grantReceive(grantee: IGrantable): Grant {
    return grantAccess(grantee, 'feeder', this.#accessScope())
  }

  /** Lets somebody operate the application: all of the above, and all commands that write. */
  grantOperate(grantee: IGrantable): Grant {
    return grantAccess(grantee, 'operator', this.#accessScope())
  }

  /** What the functions are told, and how they are made. */
  #createWorkers(settings: WorkerSettings): NumberedWorkers {
    const { appName, table } = this
    const { bucketName: blocks } = this.blocks
    const { queueUrl: triggers } = this.triggers.queue
    const { sources, outputs } = this.#kinds
    const { meter = false } = this.#props
    return createWorkers(this, this.#props, {
      app: this.#plan.name,
      appName,
      table,
      settings,
      packages: this.#plan.packages,
      common: { table: table.tableName, blocks, triggers, sources, meter },
      outputs,
    })
  }

  #grantRights(): void {
    const { intake, driver, executors, table, blocks, triggers } = this
    const own = { app: this.#plan.name, table, blocks, triggers: triggers.queue }
    grantRights({ intake, driver, executors }, own, this.#kinds)
  }

  /**
   * What batches have added to an accumulator of the pipeline. Default: the sum of a minute.
   * @throws MillraceError `ARGUMENT_INVALID` when it has none of this name.
   */
  metricAccumulator(name: string, props?: MetricOptions): Metric {
    const { accumulators: known } = this.#plan
    return accumulatorMetric(this, this.#metricParts, { name, known }, props)
  }

  get #metricParts(): MetricParts {
    const { intake, driver } = this
    return {
      namespace: this.namespace,
      logs: { intake: intake.logGroup, driver: driver.logGroup },
    }
  }

  #createAlarms(lagMax: Duration, ofSources: readonly Rule[]): readonly Alarm[] {
    const { intake, driver, triggers } = this
    const common = commonRules({ namespace: this.namespace, lagMax, intake, driver, triggers })
    const { alarms: settings = {}, alarmActions: actions = [] } = this.#props
    const rules = [...common, ...ofSources]
    return createAlarms(this, { rules, settings, actions, metrics: this.#metricParts })
  }

  #createDashboard(lagMax: Duration, ofSources: readonly Rule[]): Dashboard | undefined {
    if (this.#props.dashboard !== true) return undefined
    const { namespace, appName, intake, driver, executors, table, triggers } = this
    const { intervalMs, sources } = this.#plan
    const functions = { intake, driver, executors }
    const own = { namespace, appName, table, triggers, lagMax, ofSources }
    return createDashboard(this, {
      ...own,
      functions,
      intervalMs,
      sources: sources.map(({ id }) => id),
      isMetered: this.#props.meter === true,
    })
  }

  #createParameter(): StringParameter {
    return createParameter(this, this.appName, {
      app: this.#plan.name,
      table: this.table.tableName,
      blocks: this.blocks.bucketName,
      triggers: this.triggers.queue.queueUrl,
      sources: this.#plan.sources.map(({ id }) => id),
      ...(this.#fed.length === 0 ? {} : { fed: this.#fed }),
      generation: this.#generation,
      intervalMs: this.#plan.intervalMs,
      logs: {
        intake: this.intake.logGroup.logGroupName,
        driver: this.driver.logGroup.logGroupName,
      },
    })
  }

  #printCommands(ofSources: readonly Command[]): void {
    const value = `npx millrace status --app ${this.appName}`
    const table = this.table.tableName
    printCommands(this, [
      ...this.#kinds.commands,
      ...ofSources,
      { id: 'Show', value, description: 'Shows how the application is doing' },
      { id: 'TableName', value: table, description: 'The table of the application' },
    ])
  }

  #accessScope(): AccessScope {
    const { parameter, table, blocks, triggers } = this
    const { name: app, states } = this.#plan
    return { app, parameter, table, blocks, triggers: triggers.queue, states }
  }
}
