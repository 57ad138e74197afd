import { Duration } from 'aws-cdk-lib'
import { Effect, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { RemovalPolicy } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { acknowledgeAsterisk } from './acknowledge.ts'
import { actionsOf, type Role as RoleName } from './grants.ts'
import type { FunctionSettings } from './props.ts'

/** A function with what belongs to it alone. */
export interface Worker {
  readonly function: LambdaFunction
  readonly role: Role
  /** All that the role may do. */
  readonly policy: Policy
  readonly logGroup: LogGroup
}

/** What a worker is made with. */
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
 * Intake parses and stores: it waits for the table more than it computes, and a batch of 6 MB in twice its size of objects fits. A minute
 * is long enough for a table that throttles; then Lambda brings the same records again.
 */
export const intakeSettings = ({
  memorySize = 1_024,
  timeout = Duration.seconds(SECONDS_MIN),
}: FunctionSettings = {}): Required<FunctionSettings> => ({
  memorySize,
  timeout,
})

/**
 * The driver computes on one thread, which from 1,769 MB has a processor to itself; more would be paid for and idle, except where state
 * needs the room. Time for some batches in a row, and yet a lease that a crash does not hold for long.
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

/** The policy of a role: one statement for each subject, nothing from AWS's wide managed policies. */
export const allow = (
  policy: Policy,
  actions: readonly string[],
  resources: readonly string[],
  conditions?: Record<string, unknown>,
): void => {
  if (actions.length === 0 || resources.length === 0) return
  for (const arn of resources)
    acknowledgeAsterisk(
      policy,
      arn,
      'The asterisk ends a prefix of keys in one bucket, or stands for all of one bucket',
    )
  policy.addStatements(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: [...actions],
      resources: [...resources],
      ...(conditions === undefined ? {} : { conditions }),
    }),
  )
}

/** A function with a role of its own. */
export const createWorker = (scope: Construct, id: string, parts: WorkerParts): Worker => {
  const { name, settings, logRetention } = parts
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: parts.description,
  })
  const policy = new Policy(scope, `${id}Policy`, { roles: [role] })
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  allow(policy, actionsOf(name, 'logs'), [logGroup.logGroupArn])
  const worker = new LambdaFunction(scope, id, {
    description: parts.description,
    runtime: Runtime.NODEJS_24_X,
    // A fifth cheaper than x86, and nothing in the bundle is built for one of the two.
    architecture: Architecture.ARM_64,
    code: parts.code,
    handler: `${name}.handler`,
    ...settings,
    role,
    logGroup,
    // The functions write a line of JSON for each event; Lambda would wrap it into another one.
    loggingFormat: LoggingFormat.TEXT,
    environment: { ...parts.environment, NODE_OPTIONS: '--enable-source-maps' },
    // The driver winds its own next ticks: a loop that ends when the application rests, and that Lambda would take for a mistake.
    ...(name === 'driver' ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
  })
  worker.node.addDependency(policy)
  return { function: worker, role, policy, logGroup }
}
