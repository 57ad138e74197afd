/**
 * Bindings: what the names of a pipeline stand for. A name is looked up in the bindings first. A
 * name without a binding is taken literally. Nothing is opened here.
 */
import { MillraceError } from '../base/errors.ts'
import { nearestTo } from '../base/nearest.ts'
import type { Plan } from '../dstream/plan.ts'
import { type SourceDeclaration, sourceName, TEXT } from '../dstream/sources/declaration.ts'
import {
  checkLocation,
  formFor,
  type Location,
  type LocationForm,
  parseBinding,
  parseNamedUri,
} from './locations.ts'
import { sinkKinds, type SinkLocation } from './sinks/sink-kind.ts'
import type { SinkPorts } from './sinks/sink-ports.ts'
import { type SourceKind, sourceKind, sourceKinds } from './sources/source-kind.ts'
import type { SourcePorts } from './sources/source-ports.ts'

/** The locations of a pipeline. */
export interface BoundPlan {
  /** The location of each source, by the id of its node. */
  readonly sources: ReadonlyMap<string, Location>
  /**
   * The location of an output, by its place.
   *
   * @throws MillraceError `BINDING_MISSING`.
   */
  readonly locateOutput: (place: string) => SinkLocation
}

/** The bindings, and what this world can use. */
export interface BindingOptions {
  /** Each is `NAME=URI`. Of two with the same name, the later one counts. */
  readonly bindings: readonly string[]
  /** The directory that relative paths start from. Absolute. */
  readonly cwd: string
  /** What this world can read. `sinks`: what it can write. */
  readonly sources: SourcePorts
  readonly sinks: SinkPorts
  /** Whether files that are bound to sources are read while they grow. Default: false. */
  readonly follow?: boolean
}

/** The URI of each binding, by name. */
type Bindings = ReadonlyMap<string, string>

/**
 * Finds the location of every source and output of a plan.
 *
 * @throws MillraceError `BINDING_INVALID`, `BINDING_UNKNOWN`, `BINDING_MISSING`, `BINDING_UNFIT`.
 */
export const bindPlan = (plan: Plan, options: BindingOptions): BoundPlan => {
  const bindings: Bindings = new Map(options.bindings.map(parseBinding))
  checkForms(bindings, options)
  checkNames(plan, bindings)
  const locateIt = sourcesLocator(options)
  const sources = new Map(
    plan.sources.map(({ id, node }) => {
      const location = locateIt(id, node.source)
      return [id, options.follow === true ? followed(location, node.source) : location]
    }),
  )
  const locateOutput = outputsLocator(options)
  for (const place of outputPlaces(plan)) locateOutput(place)
  return { sources, locateOutput }
}

/** Locates sources, each by its id and its declaration. It throws as `bindPlan` does. */
export const sourcesLocator = (
  options: BindingOptions,
): ((id: string, declared: SourceDeclaration) => Location) => {
  const bindings: Bindings = new Map(options.bindings.map(parseBinding))
  return (id, declared) => locateSource(id, declared, bindings, options)
}

/** Locates outputs. The bindings must be those of a plan that was bound. */
export const outputsLocator = (options: BindingOptions): BoundPlan['locateOutput'] => {
  const bindings: Bindings = new Map(options.bindings.map(parseBinding))
  return (place) => locate(place, bindings, options)
}

const sourceForms = ({ sources }: BindingOptions): readonly SourceKind[] =>
  sourceKinds().filter((kind) => kind.form !== undefined && kind.isAvailable(sources))

const sinkForms = ({ sinks }: BindingOptions): readonly LocationForm[] =>
  sinkKinds().flatMap((kind) =>
    kind.form === undefined || !kind.isAvailable(sinks) ? [] : [kind.form],
  )

const formsOf = (options: BindingOptions): readonly LocationForm[] => [
  ...new Set([
    ...sourceForms(options).map(({ form }) => form as LocationForm),
    ...sinkForms(options),
  ]),
]

/** Checks that some kind understands each binding, even one that nothing uses. */
const checkForms = (bindings: Bindings, options: BindingOptions): void => {
  const forms = formsOf(options)
  for (const uri of bindings.values()) checkLocation(uri, forms, options.cwd)
}

const outputPlaces = (plan: Plan): readonly string[] =>
  plan.outputs.flatMap(({ node }) =>
    node.writesTo === undefined || node.writesTo === '' ? [] : [node.writesTo],
  )

/**
 * The names that bind the place of an output: its bucket, or the first name of its path. If the
 * place has no further part, also this name without the batch time.
 */
const outputNames = (place: string): readonly string[] => {
  const uri = parseNamedUri(place)
  if (uri !== undefined) return uri.rest === '' ? [uri.name, withoutTime(uri.name)] : [uri.name]
  const [first = '', ...rest] = place.split('/')
  if (first === '' || first === '.' || first === '..') return []
  return rest.length > 0 ? [first] : [first, withoutTime(first)]
}

const withoutTime = (name: string): string => name.replace(/-\d+(\.[^.]*)?$/, '')

const sourceNames = ({ name }: SourceDeclaration): readonly string[] => {
  if (name === undefined) return []
  const inner = parseNamedUri(name)?.name
  return inner === undefined ? [name] : [name, inner]
}

const checkNames = (plan: Plan, bindings: Bindings): void => {
  // The places that foreachRDD writes to are known only when it runs.
  if (plan.outputs.some(({ node }) => node.kind === 'foreachRDD')) return
  const ofSources = plan.sources.flatMap(({ node }) => sourceNames(node.source))
  const names = [...new Set([...ofSources, ...outputPlaces(plan).flatMap(outputNames)])]
  const unknown = [...bindings.keys()].find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw new MillraceError('BINDING_UNKNOWN', {
    problem: `The pipeline "${plan.name}" has no source or output with the name of this binding`,
    value: unknown,
    allowed:
      names.length === 0 ? 'no binding: nothing in this pipeline can be bound' : names.join(', '),
    fix:
      names.length === 0
        ? 'leave out --bind'
        : `for example --bind ${nearestTo(unknown, names) ?? names[0]}=./in`,
  })
}

const locateSource = (
  id: string,
  declared: SourceDeclaration,
  bindings: Bindings,
  options: BindingOptions,
): Location => {
  const kinds = sourceForms(options)
  const uri = declared.name === undefined ? undefined : bindings.get(declared.name)
  if (uri !== undefined) return locateBoundSource(declared, uri, kinds, options)
  const kind = sourceKind(declared.kind)
  const isAvailable = kind?.isAvailable(options.sources) === true
  const unbound = isAvailable ? kind.locateUnbound?.(declared, options.cwd) : undefined
  if (unbound !== undefined) return unbound
  const bucket = declared.literal === undefined ? undefined : parseNamedUri(declared.literal)
  const boundBucket = bucket && bindings.get(bucket.name)
  if (bucket !== undefined && boundBucket !== undefined) {
    const location = locateBoundSource(declared, boundBucket, kinds, options)
    return sourceKind(location.kind)?.form?.below?.(location, bucket.rest) ?? location
  }
  throw missingSource(sourceName(id, declared), declared, kind, kinds, bucket?.name)
}

/** Sources without a name cannot be bound, and are left as they are. */
export const followed = (location: Location, { name, elements }: SourceDeclaration): Location => {
  if (name === undefined) return location
  const kind = sourceKind(location.kind)
  if (elements === TEXT && kind?.follow !== undefined) return kind.follow(location)
  throw new MillraceError('BINDING_UNFIT', {
    problem:
      elements === TEXT
        ? `--follow reads files while they grow, and ${kind?.noun ?? 'this'} cannot be followed`
        : `--follow gives lines of text, and this source reads ${elements}`,
    value: name,
    allowed: 'a source of text that is bound to a file, or to a pattern of files',
    fix: `leave out --follow, or bind a file: --follow --bind ${name}=access.log`,
  })
}

/** A binding may choose any kind of source that gives the declared elements. */
const locateBoundSource = (
  declared: SourceDeclaration,
  uri: string,
  kinds: readonly SourceKind[],
  { cwd }: BindingOptions,
): Location => {
  const forms = kinds.map(({ form }) => form as LocationForm)
  const form = formFor(uri, forms)
  const kind = kinds.find((one) => one.form === form)
  if (kind?.gives.includes(declared.elements) === true) return form.parse(uri, cwd)
  const fitting = fittingKinds(declared, kinds)
  throw new MillraceError('BINDING_UNFIT', {
    problem: `This source reads ${declared.elements}, but ${kind?.noun ?? 'that'} does not give it`,
    value: declared.name,
    allowed: fitting.map(({ form: one }) => one?.shown).join(', or ') || 'nothing here',
    fix: fixFor(declared, fitting),
  })
}

const fittingKinds = (
  { elements }: SourceDeclaration,
  kinds: readonly SourceKind[],
): readonly SourceKind[] => kinds.filter(({ gives }) => gives.includes(elements))

/** If no other kind fits, the declared kind says what to do. */
const fixFor = (declared: SourceDeclaration, fitting: readonly SourceKind[]): string => {
  const own = fitting.length === 0 ? sourceKind(declared.kind)?.unboundFix?.(declared) : undefined
  return own ?? bindingFix(declared.name ?? '', fitting)
}

const bindingFix = (name: string, kinds: readonly SourceKind[]): string =>
  kinds.length === 0
    ? 'run the pipeline where such a source exists'
    : kinds.map(({ form }) => `--bind ${name}=${form?.example ?? ''}`).join(', or ')

const missingSource = (
  name: string,
  declared: SourceDeclaration,
  kind: SourceKind | undefined,
  kinds: readonly SourceKind[],
  bucket: string | undefined,
): MillraceError => {
  if (bucket !== undefined) return missingBucket(name, bucket)
  const fitting = fittingKinds(declared, kinds)
  return new MillraceError('BINDING_MISSING', {
    problem:
      `There is no ${kind?.noun.replace(/^an? /, '') ?? declared.kind} on this machine, ` +
      'and the name has no binding',
    value: name,
    allowed: fitting.map(({ form }) => form?.shown).join(', or ') || 'nothing on this machine',
    fix: kind?.unboundFix?.(declared) ?? bindingFix(name, fitting),
  })
}

const missingBucket = (place: string, bucket: string): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: 'This place is not on this machine, and its name has no binding',
    value: place,
    allowed: 'a bound name, or a path on this machine',
    fix: `--bind ${bucket}=./directory`,
  })

const locate = (place: string, bindings: Bindings, options: BindingOptions): SinkLocation => {
  const name = outputNames(place).find((candidate) => bindings.has(candidate))
  const uri = name === undefined ? undefined : bindings.get(name)
  if (name !== undefined && uri !== undefined) return locateBoundOutput(place, name, uri, options)
  for (const kind of sinkKinds()) {
    const location = kind.isAvailable(options.sinks)
      ? kind.locateUnbound?.(place, options.cwd)
      : undefined
    if (location !== undefined) return location
  }
  throw missingBucket(place, parseNamedUri(place)?.name ?? place)
}

const locateBoundOutput = (
  place: string,
  name: string,
  uri: string,
  options: BindingOptions,
): SinkLocation => {
  const form = formFor(uri, [...sinkForms(options), ...formsOf(options)])
  const kind = sinkKinds().find(
    (one) => one.form === form && one.isAvailable(options.sinks) && one.locateBound !== undefined,
  )
  const location = kind?.locateBound?.(form.parse(uri, options.cwd), restOf(place))
  if (location !== undefined) return location
  const [first] = sinkForms(options)
  throw new MillraceError('BINDING_INVALID', {
    problem: `The output "${place}" cannot be written there`,
    value: `${name}=${uri}`,
    allowed: sinkForms(options)
      .map(({ shown }) => shown)
      .join(', or '),
    fix: `--bind ${name}=${first?.example.replace('in', 'out') ?? './out'}`,
  })
}

/**
 * The path below the bound location: everything after the name, or the name itself if nothing
 * follows.
 */
const restOf = (place: string): string => {
  const uri = parseNamedUri(place)
  if (uri !== undefined) return uri.rest === '' ? uri.name : uri.rest
  return place.includes('/') ? place.slice(place.indexOf('/') + 1) : place
}
