import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  type FunctionProps,
  type ILayerVersion,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { acknowledgeAsterisk } from './acknowledge.ts'
import { checkLogGroup, createLogGroup, type LogSettings, warnOfLevel } from './function-logs.ts'
import { actionsOf, type DeploymentRole, type Role as RoleName } from './grants.ts'
import {
  type CompleteSettings,
  type SharedFunctionSettings,
  variablesFor,
} from './function-settings.ts'

/** A function, with what belongs to it alone. */
export interface Worker {
  readonly function: LambdaFunction
  readonly role: Role
  /** Everything that the role may do. */
  readonly policy: Policy
  readonly logGroup: ILogGroup
}

/** What a worker is made of. */
export interface WorkerParts {
  /** Also the name of its file in the bundle. */
  readonly name: RoleName | DeploymentRole
  readonly code: Code
  readonly settings: CompleteSettings
  readonly shared: SharedFunctionSettings
  readonly environment: Readonly<Record<string, string>>
  readonly logs: LogSettings
  readonly description: string
  /** Layers of this function, besides those of all. */
  readonly layers?: readonly ILayerVersion[]
}

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

/** What Lambda does under the role of a function in a network. It has no narrower resource. */
const NETWORK_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
]

const allowNetwork = (policy: Policy): void => {
  acknowledgeAsterisk(
    policy,
    '*',
    'Lambda attaches a function to a network by interfaces that have no name before.',
  )
  policy.addStatements(new PolicyStatement({ actions: NETWORK_ACTIONS, resources: ['*'] }))
}

/** What a function runs as, and where it logs. Several functions may share it. */
export type Identity = Omit<Worker, 'function'>

/** Creates a role that may write to a log group. */
export const createIdentity = (
  scope: Construct,
  id: string,
  { name, settings, logs, description }: WorkerParts,
): Identity => {
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description,
  })
  const policy = new Policy(scope, `${id}Policy`, { roles: [role] })
  if (settings.logGroup !== undefined) checkLogGroup(settings.logGroup)
  const logGroup = settings.logGroup ?? createLogGroup(scope, `${id}Logs`, logs)
  allow(policy, actionsOf(name, 'logs'), logGroup.logGroupArn)
  return { role, policy, logGroup }
}

/** Creates a function with a role of its own. */
export const createWorker = (scope: Construct, id: string, parts: WorkerParts): Worker =>
  createFunction(scope, id, parts, createIdentity(scope, id, parts))

/** Creates a function with a role. */
export const createFunction = (
  scope: Construct,
  id: string,
  parts: WorkerParts,
  { role, policy, logGroup }: Identity,
): Worker => {
  const { name, code, settings, shared, description } = parts
  const { functionProps = {}, environment: _, ...own } = settings
  const { vpc, securityGroups, layers, environment: __, ...common } = shared
  const allLayers = [...(layers ?? []), ...(parts.layers ?? [])]
  const props: FunctionProps = {
    description,
    runtime: Runtime.NODEJS_24_X,
    // It costs a fifth less than x86, and the bundle runs on both.
    architecture: Architecture.ARM_64,
    code,
    handler: `${name}.handler`,
    role,
    loggingFormat: LoggingFormat.TEXT,
    ...common,
    // The CDK's own class does not fit its interface, with exact optional properties.
    ...(vpc === undefined ? {} : { vpc: vpc as IVpc }),
    ...(securityGroups === undefined ? {} : { securityGroups: [...securityGroups] }),
    ...(allLayers.length === 0 ? {} : { layers: allLayers }),
    ...own,
    ...functionProps,
    logGroup,
    environment: variablesFor(parts),
    // The driver schedules its own next triggers. Lambda would stop such a loop after some rounds.
    // It ends by itself when the application rests.
    ...(name === 'driver' ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
  }
  const worker = new LambdaFunction(scope, id, props)
  if (props.vpc !== undefined) allowNetwork(policy)
  if (name === 'driver') warnOfLevel(worker, props)
  // The CDK grants it to the role of a function that is traced.
  if (props.tracing !== undefined)
    acknowledgeAsterisk(role, '*', 'Traces have no narrower resource.')
  worker.node.addDependency(policy)
  return { function: worker, role, policy, logGroup }
}
