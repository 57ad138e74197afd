import type { Bindables, BindableType, Binding, Bindings, NamedResources } from './bindable.ts'

/**
 * The constructs that stand for the names of a pipeline: those that were given by bindings, and
 * those that are created for names that are not bound. Kinds that use the same type share them.
 */
export class ResourcePool {
  readonly #bindings: Bindings
  /** By type, then by name. */
  readonly #resources: ReadonlyMap<BindableType, Map<string, Binding>>

  constructor(bindings: Bindings, types: readonly BindableType[]) {
    this.#bindings = bindings
    this.#resources = new Map(types.map((type) => [type, new Map()]))
  }

  /** Whether a name is bound. If it is not, its construct is created. */
  isGiven(name: string): boolean {
    return this.#bindings[name] !== undefined
  }

  /** The construct of a name. It is created on the first call for a name that is not bound. */
  obtain<P extends keyof Bindables>(
    type: BindableType<P>,
    name: string,
    create: () => Bindables[P],
  ): Bindables[P] {
    const known = this.#resources.get(type)?.get(name) ?? this.#bindings[name]
    const resource = known !== undefined && type.isInstance(known) ? known : create()
    this.#resources.get(type)?.set(name, resource)
    return resource
  }

  /** All constructs that were obtained. */
  named(): NamedResources {
    const entries = [...this.#resources].map(([{ property }, resources]) => [
      property,
      Object.fromEntries(resources),
    ])
    return Object.fromEntries(entries) as NamedResources
  }
}
