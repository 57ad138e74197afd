import { MillraceError } from '../lib/base/errors.ts'
import type { OutputFiles } from '../lib/ports/output-files.ts'
import type { OutputPort } from '../lib/runtime/tasks/execute.ts'
import { parseObjectStoreUri } from '../lib/runtime/locations.ts'
import type { Environment } from './environment.ts'
import type { Log } from './log.ts'

/** A bucket, and what lies in it. */
export interface BucketPlace {
  readonly bucket: string
  readonly path: string
}

/** Where an output goes: `s3://name/rest`, or `name/rest` of a bound name. */
export const bucketPlace = (path: string, outputs: Environment['outputs']): BucketPlace => {
  const uri = parseObjectStoreUri(path)
  if (uri !== undefined) return { bucket: outputs.get(uri.bucket) ?? uri.bucket, path: uri.rest }
  const [name = '', ...rest] = path.split('/')
  const bucket = outputs.get(name)
  if (bucket !== undefined && rest.length > 0) return { bucket, path: rest.join('/') }
  throw new MillraceError('BINDING_MISSING', {
    problem: 'An output goes to a directory, and a function on AWS has none that lasts',
    value: path,
    allowed: ['s3://BUCKET/PATH', ...outputs.keys()].join(', '),
    fix: `give the construct StreamingApp a bucket for "${name}", or write to s3://`,
  })
}

/** What the outputs of a function are made with. */
export interface OutputParts {
  /** By their names in the pipeline. */
  readonly buckets: Environment['outputs']
  /** Makes the tree of a bucket. */
  readonly filesIn: (bucket: string) => Promise<OutputFiles>
  readonly log: Log
}

/** Outputs in buckets. What is printed goes to the log, as text inside of an entry: a printed line is never taken for an entry itself. */
export const outputPort = ({ buckets, filesIn, log }: OutputParts): OutputPort => {
  const trees = new Map<string, Promise<OutputFiles>>()
  return {
    print: (text) => log({ event: 'print', text }),
    async saveText(path, parts, fence): Promise<void> {
      const place = bucketPlace(path, buckets)
      const tree = trees.get(place.bucket) ?? filesIn(place.bucket)
      trees.set(place.bucket, tree)
      await (await tree).writeParts(place.path, parts, fence)
    },
  }
}
