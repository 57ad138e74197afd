/** The frame of kinds of sinks that write to one resource for each name, under one grant. */
import type { Bindables } from './bindable.ts'
import type { DeployedResources, KeyUse, KindParts, NamedPath } from './deployed-kind.ts'
import type { Role } from './grants.ts'
import type { DeployedSinkKind, SinkNeed } from './sinks/sink-kind.ts'

/** What distinguishes such kinds. */
export interface ResourceSink<P extends keyof Bindables> extends Pick<
  DeployedSinkKind<P>,
  'name' | 'type' | 'form' | 'packages'
> {
  /** Its places. The groups are the name and, if there is one, the path. */
  readonly places: RegExp
  /** What the driver does with the resource. */
  readonly actions: readonly string[]
  /** @throws MillraceError `BINDING_MISSING`: such a resource is not created. */
  create(need: SinkNeed, parts: KindParts): Bindables[P]
  /**
   * Checks a resource that was given or created, as far as anything is known of it.
   *
   * @throws MillraceError `BINDING_UNFIT`.
   */
  check?(resource: Bindables[P], need: SinkNeed): void
  /** What the location of a resource holds, besides the kind. */
  locationOf(resource: Bindables[P]): Readonly<Record<string, string>>
  /** What the grant is on. Left out: the ARN of the type. */
  arnOf?(resource: Bindables[P]): string
  /** The key with which the driver must encrypt or decrypt. Left out: the service uses its key. */
  keyOf?(resource: Bindables[P]): Pick<KeyUse, 'key' | 'use'>
  /** A command that shows what is written. Left out: there is none. */
  seen?(resource: Bindables[P]): string
}

/** What takes apart places of a kind. */
export const locateBy =
  (places: RegExp) =>
  (place: string): NamedPath | undefined => {
    const [, name, path = ''] = places.exec(place) ?? []
    return name === undefined ? undefined : { name, path }
  }

const DRIVER: Role = 'driver'

const deploy = <P extends keyof Bindables>(
  sink: ResourceSink<P>,
  needs: readonly SinkNeed[],
  parts: KindParts,
): DeployedResources => {
  // Several outputs may write to one resource.
  const byName = new Map(needs.toReversed().map((need) => [need.name, need]))
  const outputs = needs
    .filter((need) => byName.get(need.name) === need)
    .map((need) => ({
      name: need.name,
      resource: parts.pool.obtain(sink.type, need.name, () => sink.create(need, parts)),
    }))
  for (const need of needs) {
    const output = outputs.find(({ name }) => name === need.name)
    if (output !== undefined) sink.check?.(output.resource, need)
  }
  const grants = { [DRIVER]: [{ by: 'code', actions: sink.actions }] } as const
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, resource }) => [
        name,
        { kind: sink.name, ...sink.locationOf(resource) },
      ]),
    ),
    reaches: outputs.map(({ resource }) => ({
      grants,
      arnOf: () => sink.arnOf?.(resource) ?? sink.type.arnOf(resource),
    })),
    keys: outputs.flatMap(({ resource }) => {
      const key = sink.keyOf?.(resource)
      return key === undefined ? [] : [{ ...key, role: DRIVER }]
    }),
    commands: outputs.flatMap(({ name, resource }) => {
      const value = sink.seen?.(resource)
      const description = `Lists the results: ${name}`
      return value === undefined ? [] : [{ id: `See-${name}`, value, description }]
    }),
  }
}

/** Such a kind. */
export const resourceSink = <P extends keyof Bindables>(
  sink: ResourceSink<P>,
): DeployedSinkKind<P> => ({
  name: sink.name,
  type: sink.type,
  form: sink.form,
  locate: locateBy(sink.places),
  grants: { [sink.type.property]: { [DRIVER]: [{ by: 'code', actions: sink.actions }] } },
  packages: sink.packages,
  deploy: (needs, parts) => deploy(sink, needs, parts),
})
