/** What the names of a pipeline stand for on AWS: streams and buckets, given or to be created. Pure: nothing is created here. */
import type { IStream, Stream } from 'aws-cdk-lib/aws-kinesis'
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3'
import { MillraceError } from '../lib/base/errors.ts'
import type { PlanSummary, SourceSummary } from './plan-summary.ts'

/** Any bucket. Where optional properties are taken exactly, the CDK's own classes do not fit its interfaces, so both are named. */
export type AnyBucket = IBucket | Bucket
/** Any stream. */
export type AnyStream = IStream | Stream
/** What a name can be bound to. */
export type Binding = AnyStream | AnyBucket

/** A source that reads a stream. */
export interface StreamNeed {
  readonly kind: 'stream'
  readonly id: string
  readonly name: string
  readonly startFrom: 'trimHorizon' | number
}

/** A source that watches objects of a bucket. */
export interface ObjectsNeed {
  readonly kind: 'objects'
  readonly id: string
  readonly name: string
  readonly prefix: string
}

/** An output into a bucket. */
export interface OutputNeed {
  readonly name: string
  /** What all keys begin with. */
  readonly prefix: string
}

/** All that a plan needs of the world. */
export interface Needs {
  readonly sources: readonly (StreamNeed | ObjectsNeed)[]
  readonly outputs: readonly OutputNeed[]
}

type Bindings = Readonly<Record<string, Binding>>

export const isStream = (binding: Binding | undefined): binding is AnyStream =>
  binding !== undefined && 'streamArn' in binding
export const isBucket = (binding: Binding | undefined): binding is AnyBucket =>
  binding !== undefined && 'bucketArn' in binding

/**
 * What the plan needs, each under the name that a binding would have.
 *
 * Errors: `BINDING_MISSING`, `BINDING_UNKNOWN`, `BINDING_UNFIT`, `QUEUE_NOT_RECOVERABLE`.
 */
export const needsOf = (plan: PlanSummary, bindings: Bindings): Needs => {
  const sources = plan.sources.map((source) => sourceNeed(source, bindings))
  const written = plan.outputs.flatMap(({ writesTo }) =>
    writesTo === undefined ? [] : [outputNeed(writesTo)],
  )
  const outputs = [...written, ...freeOutputs(plan, bindings, [...sources, ...written])]
  checkNames(plan, bindings, [...sources, ...outputs])
  for (const { name } of outputs) checkKind(name, bindings[name], 'bucket', 'an output')
  checkLoops(sources, outputs, bindings)
  return { sources, outputs }
}

const S3_URI = /^s3:\/\/([^/]+)(?:\/(.*))?$/s

/** What is watched is a directory: `in` means what lies in it, and not `in-between.txt`. */
const directory = (prefix: string): string =>
  prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`

const sourceNeed = (source: SourceSummary, bindings: Bindings): StreamNeed | ObjectsNeed => {
  if (source.from === 'queue') throw inMemory()
  if (source.from === 'receiver') throw needsProcess(source.id)
  const { id, name } = source
  const [, bucket, prefix = ''] = S3_URI.exec(name) ?? []
  const binding = bindings[name]
  if (source.from === 'kinesis') {
    if (source.elements === 'records')
      checkKind(name, binding, 'stream', 'a source of Kinesis records')
    return isBucket(binding)
      ? { kind: 'objects', id, name, prefix: '' }
      : { kind: 'stream', id, name, startFrom: source.startFrom }
  }
  if (source.wholeFiles) checkKind(name, binding, 'bucket', 'a source of whole files')
  if (isStream(binding)) return { kind: 'stream', id, name, startFrom: 'trimHorizon' }
  if (
    bucket === undefined &&
    binding === undefined &&
    /^[a-z][a-z0-9+.-]+:/i.test(source.literalUri)
  )
    throw unreachable(name)
  if (bucket === undefined || binding !== undefined)
    return { kind: 'objects', id, name, prefix: '' }
  checkKind(bucket, bindings[bucket], 'bucket', 'a source below s3://')
  return { kind: 'objects', id, name: bucket, prefix: directory(prefix) }
}

/** As the functions read it: `s3://name/rest`, or `name/rest`. */
const outputNeed = (path: string): OutputNeed => {
  const [, name, prefix = ''] =
    S3_URI.exec(path) ?? /^([A-Za-z0-9][\w.-]*)\/(.+)$/s.exec(path) ?? []
  if (name !== undefined) return { name, prefix }
  throw new MillraceError('BINDING_MISSING', {
    problem: 'An output goes to a directory, and a function on AWS has none that lasts',
    value: path,
    allowed: 's3://NAME/PATH, or NAME/PATH; NAME is bound to a bucket, or one is created',
    fix: `write to s3://results/${path.replace(/^[./]+/, '')}`,
  })
}

/** Where foreachRDD writes shows only when it runs, so buckets that nothing else in the plan names are for it. */
const freeOutputs = (
  { outputs }: PlanSummary,
  bindings: Bindings,
  known: readonly { readonly name: string }[],
): readonly OutputNeed[] =>
  outputs.some(({ kind }) => kind === 'foreachRDD')
    ? Object.entries(bindings)
        .filter(([name, binding]) => isBucket(binding) && !known.some((need) => need.name === name))
        .map(([name]) => ({ name, prefix: '' }))
    : []

const checkNames = (
  { name: plan }: PlanSummary,
  bindings: Bindings,
  needs: readonly { readonly name: string }[],
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

const checkKind = (
  name: string,
  binding: Binding | undefined,
  kind: 'bucket' | 'stream',
  use: string,
): void => {
  const fits = binding === undefined || (kind === 'bucket' ? isBucket(binding) : isStream(binding))
  if (fits) return
  throw new MillraceError('BINDING_UNFIT', {
    problem: `The name "${name}" is ${use}, and is bound to something else than a ${kind}`,
    value: binding.node.path,
    allowed:
      kind === 'bucket'
        ? 'an IBucket of aws-cdk-lib/aws-s3'
        : 'an IStream of aws-cdk-lib/aws-kinesis',
    fix: `bind "${name}" to a ${kind}, or leave it out and one is created`,
  })
}

/** What is written where it is read would come back as input, for ever. */
const checkLoops = (
  sources: Needs['sources'],
  outputs: Needs['outputs'],
  bindings: Bindings,
): void => {
  const bucketOf = (name: string): unknown => bindings[name] ?? name
  for (const output of outputs) {
    const watched = sources.find(
      (source) =>
        source.kind === 'objects' &&
        bucketOf(source.name) === bucketOf(output.name) &&
        output.prefix.startsWith(source.prefix),
    )
    if (watched === undefined) continue
    throw new MillraceError('BINDING_UNFIT', {
      problem:
        'An output goes where a source watches, so that all that is written would be read again',
      value: `${output.name}/${output.prefix}`,
      fix: 'write into another bucket, or let the source watch another prefix',
    })
  }
}

const inMemory = (): MillraceError =>
  new MillraceError('QUEUE_NOT_RECOVERABLE', {
    problem: 'A queueStream lives in the memory of one process, and functions on AWS come and go',
    fix: 'use kinesisTextStream() or textFileStream()',
  })

const needsProcess = (id: string): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: 'A receiver needs a process that stays, and functions on AWS come and go',
    value: id,
    allowed: 'sources that are streams or buckets',
    fix: 'let the receiver run elsewhere and put its records into a Kinesis stream, which kinesisStream() reads',
  })

const unreachable = (name: string): MillraceError =>
  new MillraceError('BINDING_MISSING', {
    problem: 'A function on AWS cannot wait for what this source reads',
    value: name,
    allowed: 'a name bound to a stream or a bucket',
    fix: `bindings: { '${name}': stream }`,
  })
