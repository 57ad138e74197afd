import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { functionCode } from './bundle.ts'
import { type CompleteSettings, sharedSettings } from './function-settings.ts'
import { createWorker } from './functions.ts'
import type { Role } from './grants.ts'
import type { StreamingAppProps } from './props.ts'
import type { Workers } from './rights.ts'
import {
  type CommonFacts,
  type DriverFacts,
  driverVariables,
  intakeVariables,
} from './variables.ts'

/** The settings of both functions. */
export type BothSettings = Readonly<Record<Role, CompleteSettings>>

/** What the two functions are made of. */
export interface WorkersParts {
  readonly appName: string
  readonly settings: BothSettings
  /** What both are told. */
  readonly common: CommonFacts
  /** What only the driver is told. */
  readonly ofDriver: Omit<DriverFacts, 'timeoutS'>
}

/** Creates both functions, from one bundle. */
export const createWorkers = (
  scope: Construct,
  props: StreamingAppProps,
  { appName, settings, common, ofDriver }: WorkersParts,
): Workers => {
  const timeoutS = settings.driver.timeout.toSeconds()
  const inCommon = {
    code: functionCode(props.entry, props.bundling),
    shared: sharedSettings(props),
    logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
  }
  return {
    intake: createWorker(scope, 'Intake', {
      ...inCommon,
      name: 'intake',
      settings: settings.intake,
      environment: intakeVariables(common),
      description: `Takes records in for ${appName}`,
    }),
    driver: createWorker(scope, 'Driver', {
      ...inCommon,
      name: 'driver',
      settings: settings.driver,
      environment: driverVariables(common, { ...ofDriver, timeoutS }),
      description: `Runs the batches of ${appName}`,
    }),
  }
}
