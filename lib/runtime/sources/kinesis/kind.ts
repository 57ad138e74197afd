/** Reads records of a Kinesis stream: each shard is a lane. */
import { MillraceError } from '../../../base/errors.ts'
import { type SourceDeclaration, TEXT } from '../../../dstream/sources/declaration.ts'
import { KINESIS_RECORDS } from '../../../dstream/sources/kinesis.ts'
import type { StreamReader } from '../../../ports/stream-reader.ts'
import type { BoundSource, EventContent, EventReader } from '../../intake/event-reader.ts'
import type { Location } from '../../locations.ts'
import { lanesInput } from '../lanes/input.ts'
import type { LeavingTimes } from '../lanes/leaving.ts'
import { lanesReader } from '../lanes/reader.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import type { SourcePorts } from '../source-ports.ts'
import { CreationTimes } from './creation-times.ts'
import { kinesisDeliveries, type KinesisEventRecord } from './event.ts'
import { shardParents } from './lineage.ts'
import type { KinesisElements } from './records.ts'
import { shardReplay } from './replay.ts'
import { earlierLives, shardOf, streamOf } from './shards.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    readonly kinesis?: {
      /** Reads streams again. Loaded when first needed. Default: streams cannot be read again. */
      readonly reader?: () => Promise<StreamReader>
      /** When the stream with this ARN was created. Epoch milliseconds. */
      readonly createdMs: (streamArn: string) => Promise<number>
      /** How long a stream keeps its records, in milliseconds. Default: 365 days, the longest. */
      readonly retentionMs?: (streamArn: string) => Promise<number>
      /** A lane is emptied when nothing came for this long, in milliseconds. Default: a day. */
      readonly quietMs?: number
    }
  }
}

/** A stream. */
export interface StreamLocation extends Location {
  readonly kind: 'kinesis'
  /** Left out: this process reads the stream itself, by its name. */
  readonly streamArn?: string
  readonly stream?: string
  /** Where a stream that was never read starts. A number: epoch milliseconds. */
  readonly start?: 'oldest' | 'latest' | number
}

type Bound = BoundSource<StreamLocation>
type StreamPorts = NonNullable<SourcePorts['kinesis']>

/** If a source of text is bound to a stream, each record is one text. */
export const elementsOf = ({ elements }: SourceDeclaration): KinesisElements =>
  elements === KINESIS_RECORDS ? 'records' : 'text'

/** The time at which a source starts. Undefined: at the oldest record that the stream has. */
export const startOf = ({ settings = {} }: SourceDeclaration): number | undefined => {
  const { startMs } = settings
  return typeof startMs === 'number' ? startMs : undefined
}

const isRecord = (record: object): record is KinesisEventRecord => 'kinesis' in record

const eventReader = ({ reader, createdMs }: StreamPorts): EventReader<StreamLocation> => {
  const created = new CreationTimes(createdMs)
  const parentsOf = reader === undefined ? async () => [] : shardParents(reader)
  return {
    claims: ({ Records: [first] = [] }) => first !== undefined && isRecord(first),
    async read({ Records = [] }, sources): Promise<EventContent> {
      const byStream = Map.groupBy(Records.filter(isRecord), ({ eventSourceARN }) =>
        streamOf(eventSourceARN),
      )
      const arns = [...byStream.keys()]
      const times = await created.of(arns)
      const more = {
        parentsOf,
        isReplayable: reader !== undefined,
        // Records that are already there may come from a new stream with the same name.
        beforeDropping: (): Promise<void> => created.check(arns),
      }
      const appends = [...byStream].flatMap(([arn, records]) =>
        readersOf(arn, sources).flatMap(({ source, declared }) => {
          const target = {
            source,
            elements: elementsOf(declared),
            startMs: startOf(declared),
            createdMs: times.get(arn) ?? 0,
          }
          return kinesisDeliveries({ Records: records }, target).map((delivery) => ({
            source,
            delivery: { ...delivery, ...more },
          }))
        }),
      )
      return { appends }
    },
  }
}

const RETENTION_MS_MAX = 365 * 86_400_000

/**
 * When lanes leave. If nobody can tell the retention of a stream, it may be the longest. A stream
 * is asked once for all its lanes: an account may make 20 of these calls a second.
 */
const leavingTimes = ({ retentionMs, quietMs }: Partial<StreamPorts> = {}): LeavingTimes => {
  const ask = async (arn: string): Promise<number> => {
    try {
      return (await retentionMs?.(arn)) ?? RETENTION_MS_MAX
    } catch {
      return RETENTION_MS_MAX
    }
  }
  return {
    ...(quietMs === undefined ? {} : { quietMs }),
    retention: () => {
      const asked = new Map<string, Promise<number>>()
      return async (lane) => {
        const arn = shardOf(lane)?.streamArn
        if (arn === undefined) return RETENTION_MS_MAX
        const answer = asked.get(arn) ?? ask(arn)
        asked.set(arn, answer)
        return answer
      }
    },
  }
}

/** Several sources may read one stream. Each has its own lanes. */
const readersOf = (arn: string, sources: readonly Bound[]): readonly Bound[] => {
  const readers = sources.filter(({ location }) => location.streamArn === arn)
  if (readers.length > 0) return readers
  throw new MillraceError('EVENT_INVALID', {
    problem: 'Records arrived from a stream to which no source of the pipeline is bound',
    value: arn,
    allowed: sources.map(({ location }) => location.streamArn).join(', '),
    fix: 'remove the event source mapping of the stream from this function, or bind a source to it',
  })
}

/** Streams, as functions on AWS read them. */
export const kinesis: SourceKind<StreamLocation> = {
  name: 'kinesis',
  noun: 'a Kinesis stream',
  gives: [TEXT, KINESIS_RECORDS],
  isAvailable: (ports) => ports.kinesis !== undefined,
  unboundFix: ({ name, elements }) =>
    `--bind ${name}=kinesis://${name}` +
    (elements === TEXT
      ? `, or --bind ${name}=./in. To try the pipeline with made-up lines: --demo`
      : `. To read text from elsewhere, use kinesisTextStream('${name}')`),
  parseDeployed: ({ streamArn }) =>
    typeof streamArn === 'string' ? { kind: 'kinesis', streamArn } : undefined,
  deployedForm: '{ "kind": "kinesis", "streamArn": "arn:..." }',
  describe: ({ streamArn }) => ({ what: `records of ${streamArn}` }),
  open: (_, { store, app, source, declared, ports, held, code, report }) => {
    const leaving = leavingTimes(ports.kinesis)
    const place = { store, app, source, held, code, predecessors: earlierLives, leaving }
    const open = ports.kinesis?.reader
    if (open === undefined) return { reader: lanesReader(place) }
    const replay = shardReplay({ elements: elementsOf(declared), startMs: startOf(declared), open })
    return { reader: lanesReader({ ...place, recovery: { replay, report } }) }
  },
  predecessors: earlierLives,
  input: lanesInput,
  events: ({ kinesis: port }) => {
    if (port === undefined) throw new TypeError('there are no streams in this world')
    return eventReader(port)
  },
  retentionMs: async (lane, { kinesis: port }) => {
    const arn = shardOf(lane)?.streamArn
    return arn === undefined ? undefined : port?.retentionMs?.(arn)
  },
}

registerSourceKind(kinesis)
