/**
 * The generation of a deployment: a number that CloudFormation gets from a function of the
 * application while it deploys, whenever something has changed by which the other functions differ.
 */
import { type CfnResource, CustomResource, Duration, Lazy, Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { hash } from 'node:crypto'
import type { SharedFunctionSettings } from './function-settings.ts'
import { allow, createWorker, type Worker, type WorkerParts } from './functions.ts'
import { actionsOf } from './grants.ts'
import type { AnyTable } from './resources.ts'
import { acknowledgeKeys } from './rights.ts'

/** What numbers the deployments of an application. */
export interface GenerationParts extends Pick<WorkerParts, 'code' | 'logs' | 'shared'> {
  /** The name of the application in the table. */
  readonly app: string
  readonly appName: string
  readonly table: AnyTable
  /** The functions that a number stands for. They are made later, with the number. */
  readonly counted: () => readonly Worker[]
}

/** The variable that the number itself is in. */
const OWN_VARIABLE = 'MILLRACE_GENERATION'

/**
 * Time enough for three tries of Lambda, if the function cannot start. Without this limit,
 * CloudFormation waits for an hour.
 */
const ANSWER_MAX = Duration.minutes(5)

/**
 * Lets CloudFormation ask for a number in each deployment that changes one of the functions, also
 * when it rolls back. Gives the number, which only CloudFormation knows.
 */
export const createGeneration = (
  scope: Construct,
  { app, appName, table, code, logs, shared, counted }: GenerationParts,
): number => {
  const numbering = createWorker(scope, 'Numbering', {
    name: 'generation',
    code,
    settings: { memorySize: 256, timeout: Duration.minutes(1) },
    shared: sharedByNumbering(shared),
    environment: {},
    logs,
    description: `Numbers the deployments of ${appName}`,
  })
  allow(numbering.policy, actionsOf('generation', 'table'), table.tableArn, {
    'ForAllValues:StringEquals': {
      'dynamodb:LeadingKeys': [`${app}#deployments`, `${app}#head`],
    },
  })
  table.encryptionKey?.grantEncryptDecrypt(numbering.role)
  acknowledgeKeys(numbering)
  const content = contentOf(scope, counted)
  const resource = new CustomResource(scope, 'Generation', {
    resourceType: 'Custom::MillraceGeneration',
    serviceToken: numbering.function.functionArn,
    serviceTimeout: ANSWER_MAX,
    properties: {
      App: app,
      Table: table.tableName,
      Content: Lazy.uncachedString({ produce: () => content().hash }),
      References: Lazy.uncachedAny({ produce: () => content().references }),
    },
  })
  // It needs all rights when it is called.
  resource.node.addDependency(numbering.policy, numbering.role)
  return Token.asNumber(resource.getAtt('Generation'))
}

/**
 * It is outside of any network: it must reach the place where CloudFormation waits. It runs no code
 * of the user, so it has neither their layers nor their variables.
 */
const sharedByNumbering = ({
  tracing,
  architecture,
  loggingFormat,
}: SharedFunctionSettings): SharedFunctionSettings => ({
  ...(tracing === undefined ? {} : { tracing }),
  ...(architecture === undefined ? {} : { architecture }),
  ...(loggingFormat === undefined ? {} : { loggingFormat }),
})

/** What functions are made of, for comparison. */
interface Content {
  /** Changes with everything that the template says itself: code, variables, sizes, time-outs. */
  readonly hash: string
  /** What only CloudFormation knows: it compares the values, as of a layer that was replaced. */
  readonly references: readonly unknown[]
}

/** Asked at the very end of the synthesis: aspects and overrides change functions late. */
const contentOf =
  (scope: Construct, counted: () => readonly Worker[]): (() => Content) =>
  () => {
    const functions = counted().map(({ function: worker }) => worker)
    const properties = functions.map((worker) => propertiesOf(scope, worker))
    // The driver has the names of the executors, and these are made after the number.
    const own = new Set(functions.map((worker) => JSON.stringify(refTo(worker))))
    const references = new Map(
      properties
        .flatMap(referencesIn)
        .map((one) => [JSON.stringify(one), one] as const)
        .filter(([text]) => !own.has(text)),
    )
    return {
      hash: hash('sha256', JSON.stringify(properties)),
      references: [...references.values()],
    }
  }

/** The properties of a function in the template, without the number itself. */
const propertiesOf = (scope: Construct, { node }: Worker['function']): unknown => {
  const resource = node.defaultChild as CfnResource
  const { Resources } = Stack.of(scope).resolve(resource._toCloudFormation()) as {
    readonly Resources: Readonly<Record<string, { readonly Properties: unknown }>>
  }
  const text = JSON.stringify(Object.values(Resources)[0]?.Properties, (name, value: unknown) =>
    name === OWN_VARIABLE ? undefined : value,
  )
  return JSON.parse(text) as unknown
}

/** How the template names a function in the properties of another one. */
const refTo = (worker: Worker['function']): unknown => Stack.of(worker).resolve(worker.functionName)

const REFERENCES = ['Ref', 'Fn::GetAtt', 'Fn::ImportValue', 'Fn::GetStackOutput']

/** References to parameters and to other resources, wherever they are in a value. */
const referencesIn = (value: unknown): readonly unknown[] => {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  const [only, ...others] = Object.keys(value)
  if (others.length === 0 && only !== undefined && REFERENCES.includes(only)) return [value]
  return Object.values(value).flatMap(referencesIn)
}
