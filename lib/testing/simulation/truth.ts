import type { BatchPlan } from '../../runtime/batch-plan.ts'
import { positionOf } from '../../runtime/kinesis/positions.ts'
import { laneId } from '../../runtime/kinesis/shards.ts'
import type { HintsSlice } from '../../runtime/sources/hint-source.ts'
import type { LanesSlice } from '../../runtime/sources/lane-source.ts'
import type { SimulatedBucket, Upload } from './cloud/bucket.ts'
import type { Shard, SimulatedStream, StreamRecord } from './cloud/stream.ts'

/** A record that was put into a stream, where its lane has it. */
export interface LaneRecord {
  readonly position: bigint
  readonly line: string
}

/** What is true outside of the system: every record that was ever put, and every upload. */
export class Truth {
  readonly buckets: ReadonlyMap<string, SimulatedBucket>
  readonly #lanes = new Map<string, LaneRecord[]>()
  /** The name of the source that a source node reads, by the node's id. */
  readonly sourceNames: ReadonlyMap<string, string>

  constructor(sourceNames: ReadonlyMap<string, string>, buckets: ReadonlyMap<string, SimulatedBucket>) {
    this.sourceNames = sourceNames
    this.buckets = buckets
  }

  /** How many records were put into streams. */
  get records(): number {
    return [...this.#lanes.values()].reduce((total, { length }) => total + length, 0)
  }

  /** All lanes into which anything was put, with what. */
  get lanes(): ReadonlyMap<string, readonly LaneRecord[]> {
    return this.#lanes
  }

  put({ arn, createdMs }: SimulatedStream, { id }: Shard, { sequenceNumber, text }: StreamRecord): void {
    const lane = laneId({ streamArn: arn, createdMs, shardId: id })
    const records = this.#lanes.get(lane) ?? []
    records.push({ position: BigInt(positionOf(String(sequenceNumber))), line: text })
    this.#lanes.set(lane, records)
  }

  /** What was put into a lane after one position, up to another. */
  between(lane: string, after: string, upTo: string): readonly LaneRecord[] {
    const [from, to] = [BigInt(after), BigInt(upTo)]
    return (this.#lanes.get(lane) ?? []).filter(({ position }) => position > from && position <= to)
  }

  upload(source: string, key: string, version: string): Upload | undefined {
    const bucket = this.buckets.get(this.sourceNames.get(source) ?? '')
    return bucket?.uploads.find((upload) => upload.key === key && upload.version === version)
  }

  /** The lines of a batch, by the name of the source. */
  linesOf(plan: BatchPlan): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      Object.entries(plan.slices).map(([id, slice]) => {
        const lines =
          slice.kind === 'lanes'
            ? (slice as LanesSlice).lanes.flatMap(({ lane, entries }) =>
                entries.flatMap(({ first, last }) => this.between(lane, String(BigInt(first) - 1n), last).map(({ line }) => line)),
              )
            : (slice as HintsSlice).taken.flatMap(({ key, version }) => this.upload(id, key, version)?.lines ?? [])
        return [this.sourceNames.get(id) ?? id, lines]
      }),
    )
  }
}
