import { MillraceError } from '../lib/base/errors.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import type { KinesisSource, SourceDeclaration } from '../lib/dstream/source-declaration.ts'
import {
  kinesisDeliveries,
  type KinesisEvent,
  type KinesisTarget,
} from '../lib/runtime/sources/kinesis/event.ts'
import { streamOf } from '../lib/runtime/sources/kinesis/shards.ts'
import type { SourceDelivery } from '../lib/runtime/intake/intake-handler.ts'
import type { SourceBinding } from './environment.ts'

/** A source that reads a stream. Several may read the same one, each with lanes of its own. */
export interface StreamTarget extends Omit<KinesisTarget, 'createdMs'> {
  readonly streamArn: string
}

/** What a source makes of the records of a stream: a source of text that is bound to one takes each record as text. */
export const elementsOf = (source: SourceDeclaration): KinesisSource['elements'] =>
  source.from === 'kinesis' ? source.elements : 'text'

/** The sources of a plan that are bound to streams. */
export const streamTargets = (
  plan: Plan,
  bindings: ReadonlyMap<string, SourceBinding>,
): readonly StreamTarget[] =>
  plan.sources.flatMap(({ id, node: { source } }) => {
    const binding = bindings.get(id)
    if (binding?.kind !== 'kinesis') return []
    return [{ source: id, elements: elementsOf(source), streamArn: binding.streamArn }]
  })

/** The streams that an event brings records of. */
export const streamsIn = ({ Records = [] }: KinesisEvent): readonly string[] => [
  ...new Set(Records.map(({ eventSourceARN }) => streamOf(eventSourceARN))),
]

/** What an event brings for each source that reads its stream. `createdMs`: when each of its streams was created. */
export const deliveriesFor = (
  event: KinesisEvent,
  targets: readonly StreamTarget[],
  createdMs: ReadonlyMap<string, number>,
): readonly SourceDelivery[] => {
  const byStream = Map.groupBy(event.Records ?? [], ({ eventSourceARN }) =>
    streamOf(eventSourceARN),
  )
  return [...byStream].flatMap(([arn, Records]) => {
    const readers = targets.filter(({ streamArn }) => streamArn === arn)
    if (readers.length === 0) throw unknownStream(arn, targets)
    const created = { createdMs: createdMs.get(arn) ?? 0 }
    return readers.flatMap((target) =>
      kinesisDeliveries({ Records }, { ...target, ...created }).map((delivery) => ({
        source: target.source,
        delivery,
      })),
    )
  })
}

const unknownStream = (arn: string, targets: readonly StreamTarget[]): MillraceError =>
  new MillraceError('EVENT_INVALID', {
    problem: 'Records of a stream have come that no source of the pipeline is bound to',
    value: arn,
    allowed: targets.map(({ streamArn }) => streamArn).join(', '),
    fix: 'remove its event source mapping from this function, or bind a source to it',
  })
