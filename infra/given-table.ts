/** A table of the user for everything that an application stores. */
import { CfnResource, Stack } from 'aws-cdk-lib'
import type { Construct, IConstruct } from 'constructs'
import { MillraceError } from '../lib/base/errors.ts'
import { type AnyTable, ITEMS } from './resources.ts'

/**
 * Checks a table that was given, as far as anything is known of it. Keys of an imported table are
 * seen when the number of the deployment is written into it.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when its keys are others, when nothing expires in it, or
 * when another application of this name in the program has it.
 */
export const checkTable = (scope: Construct, table: AnyTable, app: string): void => {
  checkAlone(scope, table, app)
  const { defaultChild: resource } = table.node
  if (!CfnResource.isCfnResource(resource)) return
  const found = shapeOf(resource)
  const wanted = [`${ITEMS.partitionKey} HASH S`, `${ITEMS.sortKey} RANGE S`, `expires: ${EXPIRY}`]
  if (found.toSorted().join() === wanted.toSorted().join()) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'The table cannot hold what the application stores',
    value: found.join(', '),
    allowed: wanted.join(', '),
    fix:
      `give it partitionKey: { name: '${ITEMS.partitionKey}', type: AttributeType.STRING }, ` +
      `sortKey: { name: '${ITEMS.sortKey}', type: AttributeType.STRING } and ` +
      `timeToLiveAttribute: '${EXPIRY}'`,
  })
}

const EXPIRY: string = ITEMS.expiry

/** What the template says of a table: its keys with their types, and when items expire. */
const shapeOf = (resource: CfnResource): readonly string[] => {
  const { Resources } = Stack.of(resource).resolve(resource._toCloudFormation()) as {
    readonly Resources: Readonly<Record<string, { readonly Properties: Shape }>>
  }
  const {
    KeySchema,
    AttributeDefinitions,
    TimeToLiveSpecification: ttl,
  } = Object.values(Resources)[0]?.Properties ?? ({} as Shape)
  const typeOf = (name: string): string | undefined =>
    AttributeDefinitions?.find(({ AttributeName }) => AttributeName === name)?.AttributeType
  return [
    ...(KeySchema ?? []).map(
      ({ AttributeName: name, KeyType }) => `${name} ${KeyType} ${typeOf(name) ?? ''}`,
    ),
    `expires: ${ttl?.Enabled === true ? ttl.AttributeName : 'nothing'}`,
  ]
}

interface Shape {
  readonly KeySchema?: readonly { readonly AttributeName: string; readonly KeyType: string }[]
  readonly AttributeDefinitions?: readonly {
    readonly AttributeName: string
    readonly AttributeType: string
  }[]
  readonly TimeToLiveSpecification?: { readonly AttributeName: string; readonly Enabled: boolean }
}

/** Which applications have which given tables, by program. */
const taken = new WeakMap<IConstruct, Map<string, string>>()

const checkAlone = (scope: Construct, table: AnyTable, app: string): void => {
  const { root } = scope.node
  const ofProgram = taken.get(root) ?? new Map<string, string>()
  taken.set(root, ofProgram)
  const place = JSON.stringify([Stack.of(table).resolve(table.tableArn), app])
  const other = ofProgram.get(place)
  ofProgram.set(place, scope.node.path)
  if (other === undefined) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `Two applications with the pipeline "${app}" have the same table`,
    value: `${other} and ${scope.node.path}`,
    allowed: 'applications of different names in a table',
    fix: 'give one of them another table, or give one of the pipelines another name',
  })
}
