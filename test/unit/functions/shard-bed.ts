/** A deployed application over one shard that keeps its records, and can forget them. */
import type { Pipeline } from 'millrace'
import type { Item } from '../../../lib/ports/item-store.ts'
import type { ShardRange, StreamRecord } from '../../../lib/ports/stream-reader.ts'
import { APP, World } from '../runtime/harness.ts'
import { Deployed, type DeployedOptions, toStream } from './deployed.ts'

const SOURCE = 'kinesisTextStream-1'
const SHARD = 'shardId-000000000000'

interface Shard {
  /** What was read again. */
  readonly asked: ShardRange[]
  /** Whether it still has its records. */
  keep: boolean
  readonly records: StreamRecord[]
}

/** An application over one shard that keeps its records. */
export class ShardBed {
  readonly world = new World()
  readonly shard: Shard = { asked: [], keep: true, records: [] }
  app: Deployed
  readonly #earlier: Deployed[] = []
  readonly #more: Pick<DeployedOptions, 'executors'>

  constructor(pipeline: Pipeline, more: Pick<DeployedOptions, 'executors'> = {}) {
    this.#more = more
    this.app = this.#deployed(pipeline, 1)
  }

  #deployed(pipeline: Pipeline, generation: number): Deployed {
    // Further sources read streams that bring nothing.
    const others = pipeline.build().sources.filter(({ id }) => id !== SOURCE)
    const sources = {
      [SOURCE]: toStream,
      ...Object.fromEntries(
        others.map(({ id }) => [id, { ...toStream, streamArn: `${toStream.streamArn}-${id}` }]),
      ),
    }
    const app = new Deployed(pipeline, {
      ...this.#more,
      world: this.world,
      generation,
      sources,
    })
    app.readShard = async (range) => {
      this.shard.asked.push(range)
      if (!this.shard.keep) return []
      return this.shard.records.filter(
        ({ sequenceNumber: n }) =>
          BigInt(n) >= BigInt(range.first) && BigInt(n) <= BigInt(range.last),
      )
    }
    return app
  }

  /** Deploys: combined blocks that wait are of other code from now on. */
  deploy(pipeline: Pipeline, generation: number): void {
    this.#earlier.push(this.app)
    this.app = this.#deployed(pipeline, generation)
  }

  /** Puts lines into the shard, and brings them to intake as one event. */
  async put(lines: readonly (string | Uint8Array)[]): Promise<void> {
    const first = this.shard.records.length + 1
    const fresh = lines.map((line, index): StreamRecord => ({
      sequenceNumber: String(first + index),
      partitionKey: 'k',
      data: Buffer.from(line as string),
      arrivalMs: this.world.nowMs,
    }))
    for (const one of fresh) this.shard.records.push(one)
    await this.app.bring(
      fresh.map(({ sequenceNumber, data }) => ({
        sequenceNumber,
        data: Buffer.from(data).toString('base64'),
      })),
      SHARD,
    )
  }

  /** How many records intake has combined, by event. */
  get combined(): readonly unknown[] {
    return this.logged('intake').map(({ combined = 0 }) => combined)
  }

  get printed(): ReturnType<Deployed['printed']> {
    return this.#all.flatMap((app) => app.printed())
  }

  logged(event: string): readonly Record<string, unknown>[] {
    return this.#all.flatMap((app) => app.logged(event))
  }

  get #all(): readonly Deployed[] {
    return [...this.#earlier, this.app]
  }

  blockKeys() {
    return this.world.store
      .keys()
      .filter((key) => key.startsWith(`${APP}#seg#${SOURCE}`))
      .map((key) => {
        const at = key.lastIndexOf('/')
        return { partition: key.slice(0, at), sort: key.slice(at + 1) }
      })
  }

  async loseBlocks(): Promise<void> {
    await this.world.store.deleteAll(this.blockKeys())
  }

  async damageBlocks(): Promise<void> {
    for (const key of this.blockKeys()) {
      const item = (await this.world.store.get(key)) as Item
      const bytes = (item['bytes'] as Uint8Array).map((byte, at) => (at === 7 ? byte ^ 1 : byte))
      await this.world.store.put(key, { ...item, bytes })
    }
  }
}
