import { Architecture, type ILayerVersion } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { functionCode } from './bundle.ts'
import { type CompleteExecutors, createExecutors } from './executors.ts'
import { logSettings } from './function-logs.ts'
import { type CompleteSettings, sharedSettings } from './function-settings.ts'
import { createWorker, type Worker } from './functions.ts'
import { createGeneration } from './generation.ts'
import { createPackageLayer } from './package-layer.ts'
import type { StreamingAppProps } from './props.ts'
import type { AnyTable } from './resources.ts'
import type { Workers } from './rights.ts'
import {
  type CommonFacts,
  type DriverFacts,
  driverVariables,
  executorVariables,
  intakeVariables,
} from './variables.ts'

/** The settings of all functions. */
export interface WorkerSettings {
  readonly intake: CompleteSettings
  readonly driver: CompleteSettings
  readonly executors: CompleteExecutors
  /** See `threadsOf`. */
  readonly threads: number
}

/** What the functions are made of. */
export interface WorkersParts {
  /** The name of the application in the table. */
  readonly app: string
  readonly appName: string
  readonly table: AnyTable
  readonly settings: WorkerSettings
  /** Packages with native code that batches need. */
  readonly packages: readonly string[]
  /** What all are told. */
  readonly common: CommonFacts
  /** What the driver and the executors are told. */
  readonly outputs: DriverFacts['outputs']
}

/** The functions, and the number of the deployment, which may be known to CloudFormation alone. */
export interface NumberedWorkers extends Workers {
  readonly generation: number
}

/** Creates all functions, and the one that numbers deployments, from one bundle. */
export const createWorkers = (
  scope: Construct,
  props: StreamingAppProps,
  { app, appName, table, settings, packages, common, outputs }: WorkersParts,
): NumberedWorkers => {
  const timeoutS = settings.driver.timeout.toSeconds()
  const hasExecutors = settings.executors.count > 0
  const { threads } = settings
  const code = functionCode(props.entry, props.bundling, { hasExecutors, hasThreads: threads > 1 })
  const logs = logSettings(scope, props)
  const inCommon = { code, shared: sharedSettings(props), logs }
  const made: Worker[] = []
  const generation =
    props.generation ??
    createGeneration(scope, { ...inCommon, app, appName, table, counted: () => made })
  const executors = createExecutors(scope, {
    ...inCommon,
    appName,
    executors: settings.executors,
    environment: executorVariables(common, { outputs, generation }),
  })
  const names = executors.map((executor) => executor.function.functionName)
  const driverFacts = { outputs, generation, timeoutS, executors: names, threads }
  const workers = {
    executors,
    intake: createWorker(scope, 'Intake', {
      ...inCommon,
      name: 'intake',
      settings: settings.intake,
      environment: intakeVariables(common, { generation }),
      description: `Takes records in for ${appName}`,
    }),
    driver: createWorker(scope, 'Driver', {
      ...inCommon,
      name: 'driver',
      settings: settings.driver,
      layers: layerOf(scope, props, packages),
      environment: driverVariables(common, driverFacts),
      description: `Runs the batches of ${appName}`,
    }),
  }
  made.push(workers.intake, workers.driver, ...executors)
  return { ...workers, generation }
}

/**
 * Native code of packages is in a layer of the driver: there is no other function that uses it, and
 * it is not uploaded again with each change of the pipeline.
 */
const layerOf = (
  scope: Construct,
  { packageLayer, bundling, entry, architecture = Architecture.ARM_64 }: StreamingAppProps,
  needed: readonly string[],
): readonly ILayerVersion[] => {
  const { nodeModules = [], externalModules = [] } = bundling ?? {}
  const there = [...nodeModules, ...externalModules]
  const packages = needed.filter((name) => !there.includes(name))
  if (packages.length === 0) return []
  return [packageLayer ?? createPackageLayer(scope, { packages, entry, architecture })]
}
