/** Every kind of source and sink that can be deployed. */
import './sinks/all.ts'
import './sources/all.ts'
import type { BindableType } from './bindable.ts'
import { type DeployedSinkKind, sinkKinds } from './sinks/sink-kind.ts'
import { type DeployedSourceKind, sourceKinds } from './sources/source-kind.ts'

/** All of them. */
export const deployedKinds = (): readonly (DeployedSourceKind | DeployedSinkKind)[] => [
  ...sourceKinds(),
  ...sinkKinds(),
]

/** The types of constructs that names can be bound to. */
export const bindableTypes = (): readonly BindableType[] => [
  ...new Set(deployedKinds().map(({ type }) => type)),
]

/** The type of a construct. Undefined: names cannot be bound to it. */
export const typeOfBinding = (binding: unknown): BindableType | undefined =>
  typeof binding === 'object' && binding !== null
    ? bindableTypes().find((type) => type.isInstance(binding))
    : undefined

/** For messages: the types of constructs, as code has them. */
export const shownConstructs = (types: readonly BindableType[]): string =>
  types.map(({ construct }) => construct).join(', or ')

/** For messages: the types of constructs in a word each. */
export const shownNouns = (types: readonly BindableType[]): string =>
  types.map(({ noun }) => `a ${noun}`).join(', or ')
