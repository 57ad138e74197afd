/**
 * The types of constructs that the names of a pipeline can be bound to. Each kind of source and
 * sink says which type it uses.
 */

import type { Construct } from 'constructs'

/**
 * The constructs of each type, by the property of `StreamingApp` that lists them. The file that
 * knows a type adds it by extending this interface.
 */
export interface Bindables {}

/** A construct that a name can be bound to. */
export type Binding = Bindables[keyof Bindables]

/** What names of a pipeline are bound to. */
export type Bindings = Readonly<Record<string, Binding>>

/** What users bind names to: constructs, or ARNs of what others have created. */
export type GivenBindings = Readonly<Record<string, Binding | string>>

/** All constructs of an application, by their type and then by their name in the pipeline. */
export type NamedResources = {
  readonly [P in keyof Bindables]: Readonly<Record<string, Bindables[P]>>
}

/** A type of constructs. */
export interface BindableType<P extends keyof Bindables = keyof Bindables> {
  /** The property of `StreamingApp` that lists them. */
  readonly property: P
  /** For messages: `stream`. */
  readonly noun: string
  /** For messages: `an IStream of aws-cdk-lib/aws-kinesis`. */
  readonly construct: string
  /** Whether something is a construct of this type. It may be of another copy of the CDK. */
  isInstance(value: object): value is Bindables[P]
  /** The service in its ARN: `kinesis`. */
  readonly service: string
  /** A construct for what others have created. */
  fromArn(scope: Construct, id: string, arn: string): Bindables[P]
  /** Tells resources apart: two constructs may stand for one. */
  arnOf(construct: Bindables[P]): string
}
