import type { BatchInput } from '../../runtime/driver/batch-input.ts'
import { positionOf } from '../../runtime/sources/kinesis/positions.ts'
import { laneId } from '../../runtime/sources/kinesis/shards.ts'
import type { SourceInput } from '../../runtime/sources/source-reader.ts'
import { BEGINNING, type BlockRef } from '../../state/lane-entries.ts'
import { filesOf, lanesOf, objectsOf } from './checkers/inputs.ts'
import type { SimulatedBucket, Upload } from './cloud/bucket.ts'
import type { SimulatedDirectory } from './cloud/directory.ts'
import type { Code } from './environment.ts'
import { isGarbled, type Shard, type SimulatedStream, type StreamRecord } from './cloud/stream.ts'

/** A record that was put into a stream, where its lane has it. */
export interface LaneRecord {
  readonly position: bigint
  readonly line: string
  /** The record is no text: intake puts it aside, and no block holds it. */
  readonly garbled: boolean
}

/** A line of a batch. `by`: the code that has made it what it is there. Undefined: its own. */
export interface MadeLine {
  readonly line: string
  readonly by: Code | undefined
}

/** The truth outside of the system: every record and every upload that was ever put. */
export class Truth {
  readonly buckets: ReadonlyMap<string, SimulatedBucket>
  readonly directories: ReadonlyMap<string, SimulatedDirectory>
  readonly #lanes = new Map<string, LaneRecord[]>()
  /** Redriven records whose dead letters have expired, by lane and position. */
  readonly #uncertain = new Set<string>()
  readonly #shards = new Map<string, Shard>()
  /** When the streams were made that are there now, by their ARNs. */
  readonly #newest = new Map<string, number>()
  /** The name of the source that a source node reads, by the node's id. */
  readonly sourceNames: ReadonlyMap<string, string>

  constructor(
    sourceNames: ReadonlyMap<string, string>,
    buckets: ReadonlyMap<string, SimulatedBucket>,
    directories: ReadonlyMap<string, SimulatedDirectory>,
  ) {
    this.sourceNames = sourceNames
    this.buckets = buckets
    this.directories = directories
  }

  /** How many records were put into streams. */
  get records(): number {
    return [...this.#lanes.values()].reduce((total, { length }) => total + length, 0)
  }

  /** All lanes into which anything was put, with what. */
  get lanes(): ReadonlyMap<string, readonly LaneRecord[]> {
    return this.#lanes
  }

  /** A stream is made. It replaces any other stream of its name. */
  made({ arn, createdMs }: SimulatedStream): void {
    this.#newest.set(arn, createdMs)
  }

  put(
    { arn, createdMs }: SimulatedStream,
    shard: Shard,
    { sequenceNumber, text }: StreamRecord,
  ): void {
    const lane = laneId({ streamArn: arn, createdMs, shardId: shard.id })
    this.#shards.set(lane, shard)
    const records = this.#lanes.get(lane) ?? []
    records.push({
      position: BigInt(positionOf(String(sequenceNumber))),
      line: text,
      garbled: isGarbled(text),
    })
    this.#lanes.set(lane, records)
  }

  /** A dead letter is redriven: its record gets this position in a lane that is made for it. */
  redrive(lane: string, position: bigint, line: string): void {
    const records = this.#lanes.get(lane) ?? []
    this.#lanes.set(lane, [...records, { position, line, garbled: false }])
  }

  /** The dead letter of a redriven record has expired: the record comes into its lane, or not. */
  expire(lane: string, position: bigint): void {
    this.#uncertain.add(`${lane}#${position}`)
  }

  /**
   * A lane holds these lines at these records. One whose dead letter had expired, and that is not
   * there, was never put.
   */
  settle(lane: string, records: readonly LaneRecord[], stored: readonly string[]): void {
    let next = 0
    for (const { position, line, garbled } of records) {
      const isThere = stored[next] === line
      if (isThere) next += 1
      if (garbled || isThere || !this.#uncertain.has(`${lane}#${position}`)) continue
      const others = this.#lanes.get(lane)?.filter((record) => record.position !== position) ?? []
      this.#lanes.set(lane, others)
    }
  }

  /**
   * The last position that was put into a lane, which is taken up to an offset. A redriven record
   * after it whose dead letter had expired was perhaps never put.
   */
  lastPut(lane: string, offset: string): string {
    const last = this.#lanes
      .get(lane)
      ?.findLast(
        ({ position }) => position <= BigInt(offset) || !this.#uncertain.has(`${lane}#${position}`),
      )
    return String(last?.position ?? BEGINNING)
  }

  /** Whether the stream still has what was put into a lane at these positions. */
  isKept(lane: string, first: string, last: string): boolean {
    const kept = this.#shards.get(lane)?.records.slice(this.#shards.get(lane)?.trimmed) ?? []
    const numbers = new Set(kept.map(({ sequenceNumber }) => positionOf(String(sequenceNumber))))
    const isNewest = [...this.#newest].some(([arn, createdMs]) =>
      lane.startsWith(`${arn}@${createdMs}/`),
    )
    return (
      isNewest &&
      this.block(lane, first, last).every(({ position }) => numbers.has(String(position)))
    )
  }

  /** The records that were put into a lane after one position, up to another. */
  between(lane: string, after: string, upTo: string): readonly LaneRecord[] {
    const [from, to] = [BigInt(after), BigInt(upTo)]
    return (this.#lanes.get(lane) ?? []).filter(({ position }) => position > from && position <= to)
  }

  /** The text that was put into a lane at these positions, both included. */
  block(lane: string, first: string, last: string): readonly LaneRecord[] {
    return this.between(lane, String(BigInt(first) - 1n), last).filter(({ garbled }) => !garbled)
  }

  upload(source: string, key: string, version: string): Upload | undefined {
    const bucket = this.buckets.get(this.sourceNames.get(source) ?? '')
    return bucket?.uploads.find((upload) => upload.key === key && upload.version === version)
  }

  /** The lines of a batch, by the name of the source. `codeOf`: the code that has made a block. */
  linesOf(
    { sources }: BatchInput,
    codeOf: (ref: BlockRef) => Code | undefined = () => undefined,
  ): Readonly<Record<string, readonly MadeLine[]>> {
    const alone = (line: string): MadeLine => ({ line, by: undefined })
    return Object.fromEntries(
      Object.entries(sources).map(([id, input]) => [
        this.sourceNames.get(id) ?? id,
        [
          ...this.#linesOfLanes(input, codeOf),
          ...this.#linesOfObjects(id, input).map(alone),
          ...this.#linesOfFiles(id, input).map(alone),
        ],
      ]),
    )
  }

  #linesOfLanes(
    input: SourceInput,
    codeOf: (ref: BlockRef) => Code | undefined,
  ): readonly MadeLine[] {
    return lanesOf(input).flatMap(({ lane, entries }) =>
      entries
        .flatMap(({ blocks }) => blocks)
        .flatMap((ref) => {
          const by = codeOf(ref)
          return this.block(lane, ref.first, ref.at).map(({ line }) => ({ line, by }))
        }),
    )
  }

  #linesOfFiles(source: string, input: SourceInput): readonly string[] {
    const directory = this.directories.get(this.sourceNames.get(source) ?? '')
    return filesOf(input).flatMap(
      ({ key, modifiedMs }) => directory?.find(key, modifiedMs)?.lines ?? [],
    )
  }

  #linesOfObjects(source: string, input: SourceInput): readonly string[] {
    return objectsOf(input).flatMap(
      ({ key, version }) => this.upload(source, key, version)?.lines ?? [],
    )
  }
}
