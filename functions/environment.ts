/**
 * What the functions are told by the deployment. All of it is in environment variables, and this is the place that documents them:
 *
 *   MILLRACE_TABLE       the table with the items                                                      intake, driver
 *   MILLRACE_BLOCKS      the bucket for large segments; left out: all of them are in the table         intake, driver
 *   MILLRACE_TICKS       the URL of the queue of ticks                                                 intake, driver
 *   MILLRACE_SOURCES     JSON: { "<id of a source node>": { "kind": "kinesis", "streamArn": "arn:..." } }, or
 *                        { "kind": "objects", "bucket": "...", "prefix": "in/" } for objects of a bucket                intake, driver
 *   MILLRACE_OUTPUTS     JSON: { "<name in the pipeline>": "<bucket>" }; another bucket is taken literally               driver
 *   MILLRACE_GENERATION  a number that only grows from deployment to deployment, also when an old one is rolled back to  driver
 *   MILLRACE_TIMEOUT_S   the driver's time-out in seconds: its leases are so long                      driver
 */
import { MillraceError } from '../lib/base/errors.ts'

/** Where the records of a source come from. */
export interface StreamBinding {
  readonly kind: 'kinesis'
  readonly streamArn: string
}

/** Where the objects of a source lie. */
export interface BucketBinding {
  readonly kind: 'objects'
  readonly bucket: string
  /** What their keys begin with; empty for all of the bucket. */
  readonly prefix: string
}

/** What a source reads. */
export type SourceBinding = StreamBinding | BucketBinding

/** The variables, read. */
export interface Environment {
  readonly table: string
  readonly blocks: string | undefined
  readonly triggers: string
  /** By the id of the source node. */
  readonly sources: ReadonlyMap<string, SourceBinding>
  /** Buckets by the name that the pipeline has for them. */
  readonly outputs: ReadonlyMap<string, string>
  readonly generation: number
  readonly timeoutMs: number
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads the variables. Numbers that only the driver is given are NaN in intake, which asks for none.
 *
 * Errors: `ARGUMENT_INVALID` for one that is missing or malformed.
 */
export const readEnvironment = (variables: Variables): Environment => ({
  table: needed(variables, 'MILLRACE_TABLE'),
  blocks: variables['MILLRACE_BLOCKS'],
  triggers: needed(variables, 'MILLRACE_TICKS'),
  sources: new Map(
    Object.entries(jsonIn(variables, 'MILLRACE_SOURCES')).map(([id, value]) => [
      id,
      sourceBinding(id, value),
    ]),
  ),
  outputs: new Map(
    Object.entries(jsonIn(variables, 'MILLRACE_OUTPUTS')).map(([name, bucket]) => [
      name,
      String(bucket),
    ]),
  ),
  generation: Number(variables['MILLRACE_GENERATION']),
  timeoutMs: Number(variables['MILLRACE_TIMEOUT_S']) * 1_000,
})

const invalid = (name: string, value: unknown, allowed: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', {
    problem: `The environment variable ${name} is not as a function of Millrace needs it`,
    value,
    allowed,
    fix: 'deploy with the construct StreamingApp, which sets it; functions/environment.ts says what each is',
  })

const needed = (variables: Variables, name: string): string => {
  const value = variables[name]
  if (value === undefined || value === '') throw invalid(name, value, 'a text')
  return value
}

const jsonIn = (variables: Variables, name: string): Readonly<Record<string, unknown>> => {
  const text = variables[name] ?? '{}'
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // It is refused below, as any other text that is no object.
  }
  throw invalid(name, text, 'an object, as JSON')
}

const sourceBinding = (id: string, value: unknown): SourceBinding => {
  const {
    kind,
    streamArn,
    bucket,
    prefix = '',
  } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<string, unknown>>
  if (kind === 'kinesis' && typeof streamArn === 'string') return { kind, streamArn }
  if (
    kind === 'objects' &&
    typeof bucket === 'string' &&
    bucket !== '' &&
    typeof prefix === 'string'
  )
    return { kind, bucket, prefix }
  throw invalid(
    'MILLRACE_SOURCES',
    { [id]: value },
    '{ "kind": "kinesis", "streamArn": "arn:..." } or { "kind": "objects", "bucket": "name", "prefix": "in/" }',
  )
}
