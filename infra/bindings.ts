/** What a plan needs: a kind and a place for each source and output. Pure: nothing is created. */
import { MillraceError } from '../lib/base/errors.ts'
import type { Binding, Bindings } from './bindable.ts'
import type { NamedPath } from './deployed-kind.ts'
import { shownConstructs, shownNouns, typeOfBinding } from './kinds.ts'
import type { PlanSummary, SourceSummary } from './plan-summary.ts'
import { checkSeparatePlaces, resourceOf } from './separate-places.ts'
import { fedSources } from './fed-sources.ts'
import { type DeployedSinkKind, sinkKinds, type SinkNeed } from './sinks/sink-kind.ts'
import {
  canRead,
  type DeployedSourceKind,
  localSourceKind,
  sourceKinds,
  type SourceNeed,
} from './sources/source-kind.ts'

/** Everything that a plan needs. */
export interface Needs {
  readonly sources: readonly SourceNeed[]
  readonly outputs: readonly SinkNeed[]
  /** The ids of the sources that are fed from outside. */
  readonly fed: readonly string[]
}

/**
 * What the plan needs, each under the name that a binding uses.
 *
 * @throws MillraceError `BINDING_MISSING`, `BINDING_UNKNOWN`, `BINDING_UNFIT`,
 * `QUEUE_NOT_RECOVERABLE`.
 */
export const needsOf = (
  plan: PlanSummary,
  bindings: Bindings,
  received: readonly string[] = [],
): Needs => {
  const fed = fedSources(plan.sources, received, bindings)
  const sources = plan.sources
    .filter(({ id }) => !fed.includes(id))
    .map((source) => findSource(source, bindings))
  const written = plan.outputs.flatMap(({ writesTo }) =>
    writesTo === undefined ? [] : [findOutput(writesTo)],
  )
  const outputs = [...written, ...freeOutputs(plan, bindings, [...sources, ...written])]
  checkNames(plan, bindings, [...sources, ...outputs])
  for (const output of outputs) checkOutput(output, outputs, bindings)
  checkLoops(sources, outputs, bindings)
  checkSeparatePlaces(plan, bindings)
  return { sources, outputs, fed }
}

const findSource = (source: SourceSummary, bindings: Bindings): SourceNeed => {
  const { name } = source
  const bound = name === undefined ? undefined : bindings[name]
  if (name === undefined || bound === undefined) return findUnboundSource(source, bindings)
  const kind = sourceKinds().find(({ type }) => type.isInstance(bound))
  if (kind !== undefined && canRead(kind, source))
    return { kind: kind.name, name, path: '', source }
  throw unfitSource(source, name, bound)
}

/** If the whole name is not bound, a part of it may be: `drop` of `s3://drop/in`. */
const findUnboundSource = (source: SourceSummary, bindings: Bindings): SourceNeed => {
  const { id, name = id } = source
  const kind = kindForUnbound(source)
  const place = kind.locate?.(source) ?? { name, path: '' }
  const bound = bindings[place.name]
  if (bound === undefined || kind.type.isInstance(bound))
    return { kind: kind.name, ...place, source }
  throw unfit(`The source "${id}" cannot read what "${place.name}" is bound to`, place, bound, kind)
}

const kindForUnbound = ({ id, name = id, ...source }: SourceSummary): DeployedSourceKind => {
  const kind = sourceKinds().find(({ declaredKind }) => declaredKind === source.kind)
  if (kind !== undefined) return kind
  const local = localSourceKind(source.kind)
  const types = sourceKinds()
    .filter((other) => canRead(other, source))
    .map(({ type }) => type)
  throw new MillraceError(local?.code ?? 'BINDING_MISSING', {
    problem: local?.problem ?? `A function on AWS cannot read a source of the kind ${source.kind}`,
    value: name,
    ...(types.length === 0 ? {} : { allowed: `a name that is bound to ${shownNouns(types)}` }),
    fix: local?.fix({ id, name, ...source }) ?? `bind "${name}"`,
  })
}

const findOutput = (place: string): SinkNeed => {
  for (const kind of sinkKinds()) {
    const found = kind.locate(place)
    if (found !== undefined) return { kind: kind.name, ...found }
  }
  throw new MillraceError('BINDING_MISSING', {
    problem: 'A function on AWS cannot write to this place',
    value: place,
    allowed: sinkKinds()
      .map(({ form }) => form)
      .join(', or '),
  })
}

/**
 * Outputs of foreachRDD. Where it writes is only known when it runs, so what nothing else in the
 * plan names is for it.
 */
const freeOutputs = (
  { outputs }: PlanSummary,
  bindings: Bindings,
  known: readonly NamedPath[],
): readonly SinkNeed[] => {
  if (!outputs.some(({ kind }) => kind === 'foreachRDD')) return []
  return Object.entries(bindings).flatMap(([name, binding]) => {
    const kind = sinkKinds().find(({ type }) => type.isInstance(binding))
    const isKnown = known.some((place) => place.name === name)
    return kind === undefined || isKnown ? [] : [{ kind: kind.name, name, path: '' }]
  })
}

const checkNames = (
  { name: plan }: PlanSummary,
  bindings: Bindings,
  needs: readonly NamedPath[],
): void => {
  const names = [...new Set(needs.map(({ name }) => name))]
  const unknown = Object.keys(bindings).find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw new MillraceError('BINDING_UNKNOWN', {
    problem: `The pipeline "${plan}" has no source or output with the name of this binding`,
    value: unknown,
    allowed:
      names.length === 0 ? 'no binding: nothing in this pipeline can be bound' : names.join(', '),
    fix: 'correct the name in bindings, or leave it out',
  })
}

/** A name stands for one construct, so all outputs of a name must be of one kind. */
const checkOutput = (need: SinkNeed, all: readonly SinkNeed[], bindings: Bindings): void => {
  const { name } = need
  const other = all.find((one) => one.name === name && one.kind !== need.kind)
  if (other !== undefined)
    throw new MillraceError('BINDING_UNFIT', {
      problem: `The name "${name}" stands for two different things`,
      value: shownNouns([kindOfSink(need).type, kindOfSink(other).type]),
      fix: 'give the two outputs different names',
    })
  const bound = bindings[name]
  const kind = kindOfSink(need)
  if (bound === undefined || kind.type.isInstance(bound)) return
  throw unfit(`An output cannot write to what "${name}" is bound to`, need, bound, kind)
}

const kindOfSink = ({ kind }: SinkNeed): DeployedSinkKind => {
  const found = sinkKinds().find(({ name }) => name === kind)
  if (found === undefined) throw new TypeError(`no sink is of the kind ${kind}`)
  return found
}

const unfit = (
  problem: string,
  { name }: NamedPath,
  bound: Binding,
  { type }: DeployedSourceKind | DeployedSinkKind,
): MillraceError =>
  new MillraceError('BINDING_UNFIT', {
    problem,
    value: bound.node.path,
    allowed: type.construct,
    fix: `bind "${name}" to a ${type.noun}, or leave it out, and one is created`,
  })

const unfitSource = (source: SourceSummary, name: string, bound: Binding): MillraceError => {
  const { elements } = source
  const noun = typeOfBinding(bound)?.noun ?? 'construct'
  const fitting = sourceKinds().filter((kind) => canRead(kind, source))
  const types = fitting.map(({ type }) => type)
  return new MillraceError('BINDING_UNFIT', {
    problem: `The source "${name}" reads ${elements}, and is bound to a ${noun}, which gives none`,
    value: bound.node.path,
    allowed: shownConstructs(types),
    fix: `bind "${name}" to ${shownNouns(types)}`,
  })
}

/** An output into a place that a source reads would come back as input, for ever. */
const checkLoops = (
  sources: readonly SourceNeed[],
  outputs: readonly SinkNeed[],
  bindings: Bindings,
): void => {
  const typeOf = ({ kind }: SourceNeed): unknown =>
    sourceKinds().find(({ name }) => name === kind)?.type
  for (const output of outputs) {
    const kind = kindOfSink(output)
    const isRead = sources.some(
      (source) =>
        typeOf(source) === kind.type &&
        resourceOf(source, kind, bindings) === resourceOf(output, kind, bindings) &&
        output.path.startsWith(source.path),
    )
    if (isRead)
      throw new MillraceError('BINDING_UNFIT', {
        problem: 'An output goes where a source reads: all that is written would be read again',
        value: `${output.name}/${output.path}`,
        fix: 'write to another place, or let the source read another one',
      })
  }
}
