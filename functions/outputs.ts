import { MillraceError } from '../lib/base/errors.ts'
import type { OutputFiles } from '../lib/ports/output-files.ts'
import type { OutputPort } from '../lib/runtime/execute.ts'
import { parseObjectStoreUri } from '../lib/runtime/places.ts'
import type { Environment } from './environment.ts'

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

/** Outputs in buckets; what is printed goes to the log. `filesIn` makes the tree of a bucket. */
export const outputPort = (outputs: Environment['outputs'], filesIn: (bucket: string) => Promise<OutputFiles>): OutputPort => {
  const trees = new Map<string, Promise<OutputFiles>>()
  return {
    print: (text) => console.log(text),
    async saveText(path, parts, fence): Promise<void> {
      const place = bucketPlace(path, outputs)
      const tree = trees.get(place.bucket) ?? filesIn(place.bucket)
      trees.set(place.bucket, tree)
      await (await tree).writeParts(place.path, parts, fence)
    },
  }
}
