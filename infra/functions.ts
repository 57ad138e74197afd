import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { acknowledgeAsterisk } from './acknowledge.ts'
import { actionsOf, type Role as RoleName } from './grants.ts'
import type { FunctionSettings } from './props.ts'

/** A function, with what belongs to it alone. */
export interface Worker {
  readonly function: LambdaFunction
  readonly role: Role
  /** Everything that the role may do. */
  readonly policy: Policy
  readonly logGroup: LogGroup
}

/** What a worker is made of. */
export interface WorkerParts {
  readonly name: RoleName
  readonly code: Code
  readonly settings: Required<FunctionSettings>
  readonly environment: Readonly<Record<string, string>>
  readonly logRetention: RetentionDays
  readonly description: string
}

const SECONDS_MAX = 900
const SECONDS_MIN = 60

/**
 * Settings of intake. It mostly waits for the table, and the objects made of an event of 6 MB fit
 * into twice the memory of the event. A minute is enough for a table that throttles. After a
 * time-out, Lambda delivers the same records again.
 */
export const intakeSettings = ({
  memorySize = 1_024,
  timeout = Duration.seconds(SECONDS_MIN),
}: FunctionSettings = {}): Required<FunctionSettings> => ({
  memorySize,
  timeout,
})

/**
 * Settings of the driver. It computes on one thread, which has a whole processor from 1,769 MB on;
 * more memory only helps if the state needs it. The time-out is enough for several batches in a
 * row, and short enough that the lease of a crashed process ends soon.
 */
export const driverSettings = (
  intervalMs: number,
  { memorySize = 1_769, timeout }: FunctionSettings = {},
): Required<FunctionSettings> => ({
  memorySize,
  timeout:
    timeout ??
    Duration.seconds(Math.min(SECONDS_MAX, SECONDS_MIN + Math.ceil((3 * intervalMs) / 1_000))),
})

/** Adds a statement to the policy of a role. None of the wide policies that AWS manages is used. */
export const allow = (
  policy: Policy,
  actions: readonly string[],
  arn: string,
  conditions?: Readonly<Record<string, unknown>>,
): void => {
  if (actions.length === 0) return
  acknowledgeAsterisk(
    policy,
    arn,
    'The asterisk stands for all keys with one prefix in one bucket, or for all of its keys.',
  )
  policy.addStatements(
    new PolicyStatement({
      actions: [...actions],
      resources: [arn],
      ...(conditions === undefined ? {} : { conditions }),
    }),
  )
}

/** Creates a function with a role of its own. */
export const createWorker = (scope: Construct, id: string, parts: WorkerParts): Worker => {
  const { name, code, settings, environment, logRetention, description } = parts
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description,
  })
  const policy = new Policy(scope, `${id}Policy`, { roles: [role] })
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  allow(policy, actionsOf(name, 'logs'), logGroup.logGroupArn)
  const worker = new LambdaFunction(scope, id, {
    description,
    runtime: Runtime.NODEJS_24_X,
    // It costs a fifth less than x86, and the bundle runs on both.
    architecture: Architecture.ARM_64,
    code,
    handler: `${name}.handler`,
    ...settings,
    role,
    logGroup,
    // The functions write lines of JSON. Lambda's own JSON format would wrap each into another one.
    loggingFormat: LoggingFormat.TEXT,
    environment: { ...environment, NODE_OPTIONS: '--enable-source-maps' },
    // The driver schedules its own next triggers. Lambda would stop such a loop after some rounds.
    // It ends by itself when the application rests.
    ...(name === 'driver' ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
  })
  worker.node.addDependency(policy)
  return { function: worker, role, policy, logGroup }
}
