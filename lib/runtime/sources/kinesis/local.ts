/**
 * Streams on a machine of yours: a feed reads them. It is a module of its own, so that functions on
 * AWS, which streams call, do not carry it.
 */
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { ShardReader, ShardStart } from '../../../ports/shard-reader.ts'
import { invalidLocation, type LocationForm } from '../../locations.ts'
import { type OpenSourceParts, registerSourceKind } from '../source-kind.ts'
import { kinesisFeed } from './feed.ts'
import { elementsOf, kinesis, startOf, type StreamLocation } from './kind.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    /** Reads the shards of a stream with this name. Loaded when first needed. */
    readonly kinesisShards?: (stream: string) => Promise<ShardReader>
  }
}

const URI =
  /^kinesis:(?:\/\/)?([\w.-]{1,128}|arn:[^:/]+:kinesis:[^/]*:stream\/[\w.-]+)(?:\?start=([^&]+))?$/i

const shown = 'kinesis://STREAM[?start=oldest|latest|TIME]'

const invalid = (problem: string, uri: string): Error =>
  invalidLocation(problem, uri, {
    allowed: shown,
    fix: 'give its name or its ARN, for example kinesis://clicks?start=2026-01-31T10:00Z',
  })

const startIn = (uri: string, text: string | undefined): StreamLocation['start'] => {
  if (text === undefined || text === 'latest' || text === 'oldest') return text
  const timeMs = Date.parse(decodeURIComponent(text))
  if (!/^\d{4}-/.test(text) || Number.isNaN(timeMs))
    throw invalid('This is not a time at which a stream can be started', uri)
  return timeMs
}

const form: LocationForm<StreamLocation> = {
  shown,
  example: 'kinesis://clicks',
  schemes: ['kinesis'],
  parse(uri: string): StreamLocation {
    const [, stream, text] = URI.exec(uri) ?? []
    if (stream === undefined) throw invalid('This does not name a stream', uri)
    const start = startIn(uri, text)
    return { kind: 'kinesis', stream, ...(start === undefined ? {} : { start }) }
  },
}

/** What the binding says counts before what the pipeline says. */
const firstOf = ({ start }: StreamLocation, declared: SourceDeclaration): ShardStart => {
  if (start === 'oldest' || start === 'latest') return start
  const atMs = start ?? startOf(declared)
  return atMs === undefined ? 'oldest' : { atMs }
}

const feedOf = (location: StreamLocation, { source, declared, ports, clock }: OpenSourceParts) => {
  const { kinesisShards: port } = ports
  const { stream } = location
  if (port === undefined || stream === undefined)
    throw new TypeError('there are no shards in this world')
  return kinesisFeed({
    stream,
    target: { source, elements: elementsOf(declared), startMs: startOf(declared) },
    start: firstOf(location, declared),
    open: () => port(stream),
    clock,
  })
}

registerSourceKind<StreamLocation>({
  ...kinesis,
  form,
  isAvailable: (ports) => ports.kinesisShards !== undefined || kinesis.isAvailable(ports),
  describe: (location) =>
    location.stream === undefined
      ? kinesis.describe(location)
      : { what: `records of the stream ${location.stream}` },
  async open(location, parts) {
    const opened = await kinesis.open(location, parts)
    return location.stream === undefined ? opened : { ...opened, feed: feedOf(location, parts) }
  },
})
