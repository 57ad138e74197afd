/** What kinds of sources and kinds of sinks have in common when they are deployed. */
import type { Duration } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'
import type { RoleGrants, Role } from './grants.ts'
import type { ResourcePool } from './resource-pool.ts'
import type { StorageSettings } from './storage-settings.ts'

/** What a source reads or an output writes to, as the pipeline says it. */
export interface NamedPath {
  /** The name that a binding uses. */
  readonly name: string
  /** What lies below the name. Empty: all of it. */
  readonly path: string
}

/** A location as the functions read it: functions/environment.ts documents where it is stored. */
export interface StoredLocation {
  /** The name of the kind. */
  readonly kind: string
  readonly [field: string]: string
}

/** What a kind needs to create its resources. */
export interface KindParts {
  readonly scope: Construct
  readonly pool: ResourcePool
  readonly storage: StorageSettings
  readonly intervalMs: number
  /** The longest that one invocation of intake may take. */
  readonly intakeTimeout: Duration
  /** The age of waiting records at which alarms ring. */
  readonly lagMax: Duration
  /** How sources are told of new data, where there are several ways. Undefined: as it fits. */
  readonly notifications: 'eventbridge' | 'none' | undefined
}

/** Rights of the roles on one resource. */
export interface Reach {
  readonly grants: RoleGrants
  /** The ARN that an action is allowed on. */
  readonly arnOf: (action: string) => string
  /** Conditions of the statements. Left out: there are none. */
  readonly conditions?: Readonly<Record<string, unknown>>
}

/** What a role does with the key of an encrypted resource. */
export interface KeyUse {
  /** Undefined: the resource has no key of its own. */
  readonly key: IKey | undefined
  readonly role: Role
  readonly use: 'decrypt' | 'encrypt' | 'both'
}

/** A command to copy, which the deployment prints. */
export interface Command {
  /** The id of its output in the stack. */
  readonly id: string
  readonly value: string
  readonly description: string
}

/**
 * Resources that a kind creates once for an application. Each kind adds its own by extending this
 * interface; `StreamingApp` has a property of the same name.
 */
export interface SharedResources {}

/** What a kind has made for its sources or outputs. */
export interface DeployedResources {
  /** Of each source by the id of its node, or of each output by its name. */
  readonly locations: Readonly<Record<string, StoredLocation>>
  readonly reaches: readonly Reach[]
  readonly keys: readonly KeyUse[]
  readonly commands: readonly Command[]
  /** Left out: it has created none. */
  readonly shared?: Partial<SharedResources>
}
