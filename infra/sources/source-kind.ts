/**
 * A kind of source when it is deployed: everything the construct knows of it, in one value in one
 * file. Adding a kind is such a file and a line in `all.ts`; no other file names one.
 */
import type { CfnEventSourceMapping, FunctionUrl } from 'aws-cdk-lib/aws-lambda'
import type { ErrorCode } from '../../lib/base/errors.ts'
import type { Rule } from '../alarm-settings.ts'
import type { Bindables, BindableType } from '../bindable.ts'
import type { Command, DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { Worker } from '../functions.ts'
import type { KindGrants } from '../grants.ts'
import type { SourceSummary } from '../plan-summary.ts'

/** A source of a plan, and the kind that reads it. */
export interface SourceNeed extends NamedPath {
  /** The name of the kind. */
  readonly kind: string
  readonly source: SourceSummary
}

/** What lets sources call intake. */
export interface Connection {
  readonly mappings: readonly CfnEventSourceMapping[]
  readonly alarms: readonly Rule[]
  /** At which intake takes requests. Left out: it takes none for this kind. */
  readonly url?: FunctionUrl
  /** Commands that name what was made here. Left out: there are none. */
  readonly commands?: readonly Command[]
}

/** What a kind has made for its sources. */
export interface DeployedSources extends DeployedResources {
  /** Lets the sources call intake. It is called once, after all rights were granted. */
  connect(intake: Worker): Connection
}

/** Everything the construct knows of one kind of source. */
export interface DeployedSourceKind<P extends keyof Bindables = keyof Bindables> {
  /** Names it in locations. The kind of the runtime has the same name. */
  readonly name: string
  /** The constructs that it reads. A source that is bound to one is of this kind. */
  readonly type: BindableType<P>
  /** The elements that it can give. A source can be bound to it if it wants one of these. */
  readonly gives: readonly string[]
  /** Whether sources of other kinds cannot be bound to it. Default: they can. */
  readonly isAlone?: boolean
  /** The kind of the declarations that it reads when they are bound to nothing. */
  readonly declaredKind: string
  /**
   * The place of such a declaration. Default: all of what has its name.
   *
   * @throws MillraceError `BINDING_MISSING`: nothing can be created for it.
   */
  locate?(source: SourceSummary): NamedPath
  /** What each role may do, by the type of resource. */
  readonly grants: KindGrants
  /** Packages that the functions are bundled with for it. */
  readonly packages: readonly string[]
  /** Finds or creates the resources of all sources of this kind. There is at least one. */
  deploy(needs: readonly SourceNeed[], parts: KindParts): DeployedSources
}

/** A kind of source that only works in a process that stays. It is fed from outside, or refused. */
export interface LocalSourceKind {
  /** The kind of its declarations. */
  readonly declaredKind: string
  readonly code: ErrorCode
  readonly problem: string
  /** Whether `millrace receive` may feed it. Default: no. */
  readonly canBeFed?: boolean
  /** What to do about it. */
  fix(source: SourceSummary): string
}

const kinds = new Map<string, DeployedSourceKind>()
const localKinds = new Map<string, LocalSourceKind>()

/** Makes a kind known. Called once by its own file. */
export const registerSourceKind = <P extends keyof Bindables>(
  kind: DeployedSourceKind<P>,
): void => {
  kinds.set(kind.name, kind)
}

/** Makes a kind known that cannot be deployed. */
export const registerLocalSourceKind = (kind: LocalSourceKind): void => {
  localKinds.set(kind.declaredKind, kind)
}

/** Whether a source can be bound to a kind. */
export const canRead = (
  { gives, isAlone = false, declaredKind }: DeployedSourceKind,
  { kind, elements }: Pick<SourceSummary, 'kind' | 'elements'>,
): boolean => gives.includes(elements) && (!isAlone || kind === declaredKind)

/** All kinds, in the order of their names. */
export const sourceKinds = (): readonly DeployedSourceKind[] =>
  [...kinds.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** The kind that cannot be deployed and has these declarations. Undefined: there is none. */
export const localSourceKind = (declaredKind: string): LocalSourceKind | undefined =>
  localKinds.get(declaredKind)
