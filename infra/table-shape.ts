/** What the template says of a table. Nothing is known of one that is imported. */
import { CfnResource, Stack } from 'aws-cdk-lib'
import type { AnyTable } from './resources.ts'

/** A key attribute. */
export interface TableKey {
  readonly name: string
  readonly role: 'HASH' | 'RANGE'
  /** `S`, `N` or `B`. Undefined: the template does not say it. */
  readonly type: string | undefined
}

/** What is known of a table. */
export interface TableShape {
  readonly keys: readonly TableKey[]
  /** The attribute by which items expire. Undefined: none does. */
  readonly expiry: string | undefined
  /** What its stream has of a changed item. Undefined: it has no stream. */
  readonly view: string | undefined
}

interface Properties {
  readonly KeySchema?: readonly {
    readonly AttributeName: string
    readonly KeyType: 'HASH' | 'RANGE'
  }[]
  readonly AttributeDefinitions?: readonly {
    readonly AttributeName: string
    readonly AttributeType: string
  }[]
  readonly TimeToLiveSpecification?: { readonly AttributeName: string; readonly Enabled: boolean }
  readonly StreamSpecification?: { readonly StreamViewType?: string }
}

/** The shape of a table. Undefined: it is imported. */
export const shapeOf = ({
  node: { defaultChild: resource },
}: Pick<AnyTable, 'node'>): TableShape | undefined => {
  if (!CfnResource.isCfnResource(resource)) return undefined
  const { Resources } = Stack.of(resource).resolve(resource._toCloudFormation()) as {
    readonly Resources: Readonly<Record<string, { readonly Properties: Properties }>>
  }
  const found = Object.values(Resources)[0]?.Properties ?? ({} as Properties)
  const { KeySchema = [], AttributeDefinitions = [], TimeToLiveSpecification: ttl } = found
  const typeOf = (name: string): string | undefined =>
    AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType
  return {
    keys: KeySchema.map(({ AttributeName: name, KeyType: role }) => ({
      name,
      role,
      type: typeOf(name),
    })),
    expiry: ttl?.Enabled === true ? ttl.AttributeName : undefined,
    view: found.StreamSpecification?.StreamViewType,
  }
}
