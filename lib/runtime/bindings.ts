/**
 * Bindings: what the names of a pipeline stand for on this platform. A name is looked up in the bindings first, and taken literally
 * otherwise. Pure: whether a place is really there is for others to see.
 */
import { MillraceError } from '../base/errors.ts'
import type { Plan, Planned } from '../dstream/plan.ts'
import type { SourceNode } from '../dstream/plan-node.ts'
import type { FileSelection, KinesisSource, TextSource } from '../dstream/source-declaration.ts'
import {
  below,
  literalOutput,
  type OutputLocation,
  parseObjectStoreUri,
  parseLocation,
  type Location,
} from './locations.ts'

/** A source with a name, and the place it reads from. */
export interface BoundSource {
  /** The id of the source node. */
  readonly id: string
  /** As the pipeline calls it. */
  readonly name: string
  readonly place: Location
  readonly files: FileSelection
}

/** A pipeline's places. */
export interface BoundPlan {
  readonly sources: readonly BoundSource[]
  /**
   * Where an output of this path goes.
   *
   * @throws MillraceError `BINDING_MISSING`.
   */
  outputPlace(path: string): OutputLocation
}

/** What bindings are read with. */
export interface BindingOptions {
  /** Each `NAME=URI`; of two with the same name the later one counts. */
  readonly bindings: readonly string[]
  /** The directory that relative paths start from. Absolute. */
  readonly cwd: string
}

type Bindings = ReadonlyMap<string, Location>
type NamedSource = TextSource | KinesisSource

/**
 * Finds the place of every source and output of a plan.
 *
 * @throws MillraceError `BINDING_INVALID`, `BINDING_UNKNOWN`, `BINDING_MISSING`.
 */
export const bindPlan = (plan: Plan, { bindings: texts, cwd }: BindingOptions): BoundPlan => {
  const bindings: Bindings = new Map(texts.map((text) => parseBinding(text, cwd)))
  checkNames(plan, bindings)
  const sources = namedSources(plan).map(({ id, source }): BoundSource => ({
    id,
    name: source.name,
    place: sourcePlace(source, bindings, cwd),
    files: source.files,
  }))
  const outputPlace = (path: string): OutputLocation =>
    boundOutput(path, bindings) ?? unboundOutput(path, cwd)
  for (const prefix of outputPrefixes(plan)) outputPlace(prefix)
  return { sources, outputPlace }
}

/** A name may hold colons and dots, as `localhost:9999` does, but no equals sign. */
const parseBinding = (text: string, cwd: string): [name: string, place: Location] => {
  const [, name, uri] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name !== undefined && uri !== undefined) return [name, parseLocation(uri, cwd)]
  throw new MillraceError('BINDING_INVALID', {
    problem: 'A binding is not of the form NAME=URI',
    value: text,
    allowed: 'NAME=URI',
    fix: 'for example --bind lines=./in, or --bind lines=socket://localhost:9999',
  })
}

const namedSources = (
  plan: Plan,
): readonly { readonly id: string; readonly source: NamedSource }[] =>
  plan.sources.flatMap(({ id, node }: Planned<SourceNode>) =>
    'name' in node.source ? [{ id, source: node.source }] : [],
  )

const outputPrefixes = (plan: Plan): readonly string[] =>
  plan.outputs.flatMap(({ node }) =>
    node.writesTo === undefined || node.writesTo === '' ? [] : [node.writesTo],
  )

/** Under which names a path of an output can be bound: its bucket, or its first name; where that is all, also without the batch's time. */
const outputNames = (path: string): readonly string[] => {
  const object = parseObjectStoreUri(path)
  if (object !== undefined)
    return object.rest === '' ? [object.bucket, untimed(object.bucket)] : [object.bucket]
  const [first = '', ...rest] = path.split('/')
  if (first === '' || first === '.' || first === '..') return []
  return rest.length > 0 ? [first] : [first, untimed(first)]
}

const untimed = (name: string): string => name.replace(/-\d+(\.[^.]*)?$/, '')

const sourceNames = ({ name }: NamedSource): readonly string[] => {
  const bucket = parseObjectStoreUri(name)?.bucket
  return bucket === undefined ? [name] : [name, bucket]
}

const checkNames = (plan: Plan, bindings: Bindings): void => {
  // What foreachRDD writes to shows only when it runs.
  if (plan.outputs.some(({ node }) => node.kind === 'foreachRDD')) return
  const names = [
    ...new Set([
      ...namedSources(plan).flatMap(({ source }) => sourceNames(source)),
      ...outputPrefixes(plan).flatMap(outputNames),
    ]),
  ]
  const unknown = [...bindings.keys()].find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw new MillraceError('BINDING_UNKNOWN', {
    problem: `The pipeline "${plan.name}" has no source or output with the name of this binding`,
    value: unknown,
    allowed:
      names.length === 0 ? 'no binding: nothing in this pipeline can be bound' : names.join(', '),
    fix: names.length === 0 ? 'leave out --bind' : `for example --bind ${names[0]}=./in`,
  })
}

const sourcePlace = (source: NamedSource, bindings: Bindings, cwd: string): Location => {
  const named = bindings.get(source.name)
  if (source.from === 'kinesis') return streamPlace(source, named)
  if (named !== undefined && (named.kind === 'directory' || source.files.read === undefined))
    return named
  if (named !== undefined)
    throw new MillraceError('BINDING_UNFIT', {
      problem: 'This source reads whole files, and a socket has none',
      value: source.name,
      allowed: 'a directory',
      fix: `--bind ${source.name}=./in`,
    })
  const object = parseObjectStoreUri(source.literalUri)
  if (object === undefined) return parseLocation(source.literalUri, cwd)
  const bucket = bindings.get(object.bucket)
  if (bucket === undefined) throw missing(source.name, object.bucket)
  return bucket.kind === 'directory' ? below(bucket, object.rest) : bucket
}

/** A binding may replace a stream by another source of the same elements: of text, that is. */
const streamPlace = ({ name, elements }: KinesisSource, place: Location | undefined): Location => {
  if (elements === 'text' && place !== undefined) return place
  if (elements === 'text')
    throw new MillraceError('BINDING_MISSING', {
      problem: 'A Kinesis stream is not on this machine, and its name is bound to nothing',
      value: name,
      allowed: 'a directory, or a socket',
      fix: `--bind ${name}=./in, or --bind ${name}=socket://localhost:9999`,
    })
  throw new MillraceError(place === undefined ? 'BINDING_MISSING' : 'BINDING_INVALID', {
    problem:
      'kinesisStream() gives records with bytes and keys, and no source on this machine does',
    value: name,
    allowed: 'a stream, on AWS',
    fix: `to run it here, use kinesisTextStream('${name}') and decode its text with map()`,
  })
}

const boundOutput = (path: string, bindings: Bindings): OutputLocation | undefined => {
  const name = outputNames(path).find((candidate) => bindings.has(candidate))
  const place = name === undefined ? undefined : bindings.get(name)
  if (name === undefined || place === undefined) return undefined
  if (place.kind === 'directory') return { directory: place.path, path: restOf(path) }
  throw new MillraceError('BINDING_INVALID', {
    problem: `The output "${path}" cannot be written to a socket`,
    value: `${name}=socket://${place.host}:${place.port}`,
    allowed: 'a directory: ./out, /data/out, file:///data/out',
    fix: `--bind ${name}=./out`,
  })
}

/** What lies below the bound directory: all behind the name, or the name itself if there is nothing behind it. */
const restOf = (path: string): string => {
  const object = parseObjectStoreUri(path)
  if (object !== undefined) return object.rest === '' ? object.bucket : object.rest
  return path.includes('/') ? path.slice(path.indexOf('/') + 1) : path
}

const unboundOutput = (path: string, cwd: string): OutputLocation => {
  const bucket = parseObjectStoreUri(path)?.bucket
  if (bucket !== undefined) throw missing(path, bucket)
  return literalOutput(path, cwd)
}

const missing = (name: string, bucket: string): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: 'This place is not on this machine, and is bound to none',
    value: name,
    allowed: 'a bound name, or a path of this machine',
    fix: `--bind ${bucket}=./directory`,
  })
