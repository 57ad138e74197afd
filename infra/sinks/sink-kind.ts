/**
 * A kind of sink when it is deployed: everything the construct knows of it, in one value in one
 * file. Adding a kind is such a file and a line in `all.ts`; no other file names one.
 */
import type { Bindables, BindableType } from '../bindable.ts'
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { KindGrants } from '../grants.ts'

/** A place that an output writes to, and the kind that writes there. */
export interface SinkNeed extends NamedPath {
  /** The name of the kind. */
  readonly kind: string
}

/** Everything the construct knows of one kind of sink. */
export interface DeployedSinkKind<P extends keyof Bindables = keyof Bindables> {
  /** Names it in locations. The kind of the runtime has the same name. */
  readonly name: string
  /** The constructs that it writes to. */
  readonly type: BindableType<P>
  /** For messages: how pipelines write its places. */
  readonly form: string
  /**
   * Takes apart a place as the pipeline writes it. Undefined: the place is of another kind.
   *
   * @throws MillraceError `BINDING_MISSING`: nothing lasts there.
   */
  locate(place: string): NamedPath | undefined
  /** What the driver and the executors may do, by the type of resource. */
  readonly grants: KindGrants
  /** Packages that the functions are bundled with for it. */
  readonly packages: readonly string[]
  /** Finds or creates the resources of all outputs of this kind. There is at least one. */
  deploy(needs: readonly SinkNeed[], parts: KindParts): DeployedResources
}

const kinds = new Map<string, DeployedSinkKind>()

/** Makes a kind known. Called once by its own file. */
export const registerSinkKind = <P extends keyof Bindables>(kind: DeployedSinkKind<P>): void => {
  kinds.set(kind.name, kind)
}

/** All kinds, in the order of their names. */
export const sinkKinds = (): readonly DeployedSinkKind[] =>
  [...kinds.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
