import { isHiddenName } from '../lib/adapters/object-names.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import { type BucketHint, hintsIn } from '../lib/runtime/serverless/object-events.ts'
import type { ObjectHint } from '../lib/runtime/sources/hint-source.ts'
import type { SourceHints } from '../lib/runtime/serverless/intake-handler.ts'
import type { SourceBinding } from './environment.ts'

/** A source that reads objects of a bucket. Several may read the same one. */
export interface ObjectTarget {
  /** The id of the source node. */
  readonly source: string
  readonly bucket: string
  readonly prefix: string
}

/** An event of a queue that holds notifications of buckets. */
export interface NotificationEvent {
  readonly Records: readonly { readonly eventSource: 'aws:sqs'; readonly body: string }[]
}

/** The sources of a plan that are bound to buckets. */
export const objectTargets = (plan: Plan, bindings: ReadonlyMap<string, SourceBinding>): readonly ObjectTarget[] =>
  plan.sources.flatMap(({ id }) => {
    const binding = bindings.get(id)
    return binding?.kind === 'objects' ? [{ source: id, bucket: binding.bucket, prefix: binding.prefix }] : []
  })

/** Keys have no directories, so all below a prefix counts, but for what is hidden, or lies in what is hidden, as `_temporary/part-0`. */
const isWatched = ({ bucket, key }: BucketHint, target: ObjectTarget): boolean =>
  bucket === target.bucket && key.startsWith(target.prefix) && !key.slice(target.prefix.length).split('/').some(isHiddenName)

/** What an event hints at for each source. An object that no source watches is nobody's: notifications of a bucket may cover more. */
export const hintsFor = ({ Records }: NotificationEvent, targets: readonly ObjectTarget[]): readonly SourceHints[] => {
  const hints = Records.flatMap(({ body }) => hintsIn(body))
  return targets.flatMap((target) => {
    const found = hints.filter((hint) => isWatched(hint, target)).map(withoutBucket)
    return found.length === 0 ? [] : [{ source: target.source, hints: found }]
  })
}

const withoutBucket = ({ key, version, eventMs }: BucketHint): ObjectHint => ({
  key,
  eventMs,
  ...(version === undefined ? {} : { version }),
})
