/** Settings of the functions that CDK users know from the CDK's own construct. */
import { Duration, type Size } from 'aws-cdk-lib'
import type { ISecurityGroup, IVpc, SubnetSelection, Vpc } from 'aws-cdk-lib/aws-ec2'
import type {
  Architecture,
  FunctionProps,
  ILayerVersion,
  LoggingFormat,
  Tracing,
} from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { MillraceError } from '../lib/base/errors.ts'

/**
 * Any network. With exact optional properties, the CDK's own class does not fit its interface, so
 * both are named.
 */
export type AnyVpc = IVpc | Vpc

/** What the construct decides itself: another value would break an application. */
type OwnProps =
  | 'code'
  | 'handler'
  | 'runtime'
  | 'role'
  | 'logGroup'
  | 'recursiveLoop'
  | 'events'
  | 'initialPolicy'
  | 'durableConfig'
  | 'logRetention'

/** Settings of one of the two functions. */
export interface FunctionSettings {
  /**
   * Memory in MiB. Processing power grows with it: a function has a whole processor from 1,769 on.
   *
   * @default - 1,024 for intake, 1,769 for the driver, and as much for each of its threads
   */
  readonly memorySize?: number
  /**
   * The longest that one invocation may take. A batch must fit into the time-out of the driver. If
   * the driver dies in the middle of a batch, no batch runs until this time is over.
   *
   * @default - intake: 60 s. Driver: 60 s and three batch intervals, 15 minutes at most
   */
  readonly timeout?: Duration
  /**
   * Variables of this function, besides those of both. No name may begin with `MILLRACE_`.
   *
   * @default - none
   */
  readonly environment?: Readonly<Record<string, string>>
  /**
   * The size of `/tmp`.
   *
   * @default - 512 MiB, as of Lambda
   */
  readonly ephemeralStorageSize?: Size
  /**
   * Concurrency that is kept for this function and also its limit. The driver needs at least 2: a
   * new process starts while an old one ends.
   *
   * @default - the account's own
   */
  readonly reservedConcurrentExecutions?: number
  /**
   * A log group of yours, of the class `STANDARD`. How long it keeps logs and which key it has is
   * up to you. Give each application its own: metrics and alarms count all lines of a group.
   *
   * @default - one is created, with `logRetention` and `logEncryptionKey`
   */
  readonly logGroup?: ILogGroup
  /**
   * Any other property of the CDK's `Function`. It wins over what the construct would choose.
   *
   * @default - none
   */
  readonly functionProps?: Partial<Omit<FunctionProps, OwnProps>>
}

/** Settings that all functions have in common. */
export interface SharedFunctionSettings {
  /**
   * The network in which all functions run. They need a way to DynamoDB, S3, SQS, to Kinesis
   * if a source reads a stream: gateway and interface endpoints, or a NAT gateway.
   *
   * @default - none: the functions run outside of any network of yours
   */
  readonly vpc?: AnyVpc
  /**
   * The subnets of the functions.
   *
   * @default - the private subnets of `vpc`
   */
  readonly vpcSubnets?: SubnetSelection
  /**
   * The security groups of the functions. `connections` is made of them.
   *
   * @default - with `vpc`, a group of its own for each function
   */
  readonly securityGroups?: readonly ISecurityGroup[]
  /**
   * Variables of all functions, for your own code. No name may begin with `MILLRACE_`.
   *
   * @default - none
   */
  readonly environment?: Readonly<Record<string, string>>
  /**
   * Layers of all functions.
   *
   * @default - none
   */
  readonly layers?: readonly ILayerVersion[]
  /**
   * Tracing of all functions with X-Ray.
   *
   * @default Tracing.DISABLED
   */
  readonly tracing?: Tracing
  /**
   * The processor of all functions. Layers and native modules must fit it.
   *
   * @default Architecture.ARM_64, which costs a fifth less
   */
  readonly architecture?: Architecture
  /**
   * The format of what Lambda itself writes to the logs. The functions write lines of JSON, which
   * Lambda leaves as they are in both formats.
   *
   * @default LoggingFormat.TEXT
   */
  readonly loggingFormat?: LoggingFormat
}

/** The settings of one function, complete. */
export type CompleteSettings = FunctionSettings &
  Required<Pick<FunctionSettings, 'memorySize' | 'timeout'>>

/** The settings of all functions among the properties of the construct. */
export const sharedSettings = (given: SharedFunctionSettings): SharedFunctionSettings => {
  const { vpc, vpcSubnets, securityGroups, environment, layers } = given
  const { tracing, architecture, loggingFormat } = given
  const all = { vpc, vpcSubnets, securityGroups, environment, layers }
  const named = { ...all, tracing, architecture, loggingFormat }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
}

const SECONDS_MAX = 900
const SECONDS_MIN = 60

/**
 * Settings of intake. It mostly waits for the table, and the objects made of an event of 6 MB fit
 * into twice the memory of the event. A minute is enough for a table that throttles. After a
 * time-out, Lambda delivers the same records again.
 */
export const intakeSettings = (given: FunctionSettings = {}): CompleteSettings => ({
  ...given,
  memorySize: given.memorySize ?? 1_024,
  timeout: given.timeout ?? Duration.seconds(SECONDS_MIN),
})

/** Lambda gives a whole processor for so much memory, and at most six. In MiB. */
const PROCESSOR_MEMORY = 1_769
const MEMORY_MAX = 10_240

/**
 * Settings of the driver. A thread has a whole processor from 1,769 MB on, and the pipeline says
 * how many there are; more memory only helps if the state needs it. The time-out is enough for
 * several batches in a row, and short enough that the lease of a crashed process ends soon.
 */
export const driverSettings = (
  intervalMs: number,
  given: FunctionSettings = {},
  threads = 1,
): CompleteSettings => ({
  ...given,
  memorySize: given.memorySize ?? Math.min(MEMORY_MAX, threads * PROCESSOR_MEMORY),
  timeout:
    given.timeout ??
    Duration.seconds(Math.min(SECONDS_MAX, SECONDS_MIN + Math.ceil((3 * intervalMs) / 1_000))),
})

type Variables = Readonly<Record<string, string>>

/** What the variables of a function are made of. */
interface VariableParts {
  /** Those of the construct. */
  readonly environment: Variables
  readonly settings: Pick<FunctionSettings, 'environment' | 'functionProps'>
  readonly shared: Pick<SharedFunctionSettings, 'environment'>
}

const OWN_PREFIX = 'MILLRACE_'
const NODE_OPTIONS = 'NODE_OPTIONS'

/**
 * The variables of a function: those of the construct and those of the user. Options of Node are
 * joined.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when one of the user's begins with `MILLRACE_`.
 */
export const variablesFor = ({ environment, settings, shared }: VariableParts): Variables => {
  const theirs: Variables = {
    ...shared.environment,
    ...settings.environment,
    ...settings.functionProps?.environment,
  }
  const taken = Object.keys(theirs).find((name) => name.startsWith(OWN_PREFIX))
  if (taken !== undefined)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `Variables that begin with ${OWN_PREFIX} belong to the construct`,
      value: taken,
      allowed: `any other name`,
      fix: 'give the variable another name in environment',
    })
  const options = ['--enable-source-maps', theirs[NODE_OPTIONS]].filter((one) => one !== undefined)
  return { ...theirs, ...environment, [NODE_OPTIONS]: options.join(' ') }
}
