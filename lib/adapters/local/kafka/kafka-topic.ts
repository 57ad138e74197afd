import { type Consumer, FetchIsolationLevels } from '@platformatic/kafka'
import { isMillraceError, MillraceError } from '../../../base/errors.ts'
import {
  type FetchedPartition,
  NO_LEADER,
  type TopicReader,
  type OffsetsAt,
  type Positions,
  type TopicDescription,
} from '../../../ports/topic-reader.ts'
import { fetchedOf } from './fetched.ts'
import { tolerantConsumer } from './tolerant-consumer.ts'

/** A topic, and how to connect. */
export interface KafkaTopicOptions {
  readonly topic: string
  /** As HOST:PORT. */
  readonly brokers: readonly string[]
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** Under which positions are written down. Undefined: they cannot be. */
  readonly groupId?: string | undefined
  readonly security?: {
    readonly tls?: boolean | { readonly ca: string }
    readonly sasl?: {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
    }
  }
}

const CONNECT_MS_MAX = 5_000
/** How long a broker waits when there is nothing. A stop waits for it. */
const WAIT_MS = 250
const FETCH_BYTES = 8 * 1024 * 1024
const PARTITION_BYTES = 1024 * 1024
const OUT_OF_RANGE = 1
/** Offsets of times are asked for by the time itself, and these two by names. */
const EARLIEST = -2n
const LATEST = -1n
/** It takes part in no group, and writes its offsets down all the same. */
const NO_GENERATION = -1
/** The leader of a partition that has none, or whose leader does not answer. */
const NOBODY = -1

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>
type ErrorLike = Error & {
  readonly apiId?: string
  readonly errors?: readonly Error[]
  readonly cause?: unknown
}

/** The innermost reason of an error of the client: several are wrapped around it. */
const reasonOf = (error: ErrorLike): string => {
  const inner = error.errors?.[0] ?? error.cause
  if (inner instanceof Error) return reasonOf(inner)
  return error.apiId === undefined ? error.message : `${error.apiId}: ${error.message}`
}

const unreadable = (topic: string, error: unknown): MillraceError =>
  isMillraceError(error)
    ? error
    : new MillraceError('TOPIC_UNREADABLE', {
        problem: `The topic ${topic} cannot be read: ${reasonOf(error as ErrorLike)}`,
        fix: 'see that the brokers run, that the topic exists, and that the log-in may read it',
        retryable: true,
        cause: error,
      })

/** The answer of a fetch, also if it has errors for some partitions. */
const answerIn = (error: unknown): FetchResponse => {
  const { response } = error as { readonly response?: FetchResponse }
  const partitions = response?.responses.flatMap((one) => one.partitions) ?? []
  const isOnlyRange =
    response?.errorCode === 0 &&
    partitions.some(({ errorCode }) => errorCode === OUT_OF_RANGE) &&
    partitions.every(({ errorCode }) => errorCode === 0 || errorCode === OUT_OF_RANGE)
  if (response === undefined || !isOnlyRange) throw error
  return response
}

class ConsumedTopic implements TopicReader {
  readonly #options: KafkaTopicOptions
  readonly #consumer: Consumer
  readonly #isolationLevel: number
  #id = ''
  #leaders: readonly number[] = []

  constructor(options: KafkaTopicOptions) {
    const { brokers, groupId = 'millrace', isolation, topic, security = {} } = options
    const { tls = false, sasl } = security
    this.#options = options
    this.#isolationLevel =
      isolation === 'read_committed'
        ? FetchIsolationLevels.READ_COMMITTED
        : FetchIsolationLevels.READ_UNCOMMITTED
    this.#consumer = tolerantConsumer({
      clientId: 'millrace',
      groupId,
      bootstrapBrokers: [...brokers],
      connectTimeout: CONNECT_MS_MAX,
      // The caller begins again, and says so. One more try is for sessions that a broker forgot.
      retries: 1,
      retryDelay: 100,
      ...(tls === false ? {} : { tls: tls === true ? {} : tls }),
      ...(sasl === undefined ? {} : { sasl }),
    })
    this.#consumer.topics.track(topic)
    this.#consumer.generationId = NO_GENERATION
    this.#consumer.memberId = ''
  }

  describe(): Promise<TopicDescription> {
    const { topic } = this.#options
    return this.#tried(async () => {
      const { topics } = await this.#consumer.metadata({ topics: [topic], forceUpdate: true })
      const found = topics.get(topic)
      if (found === undefined) throw new Error('there is no such topic')
      this.#id = found.id
      this.#leaders = found.partitions.map(({ leader }) => leader)
      return { id: found.id, partitions: found.partitionsCount }
    })
  }

  offsets(at: OffsetsAt): Promise<Positions> {
    return this.#tried(async () => {
      if (typeof at === 'string') return this.#list(at === 'first' ? EARLIEST : LATEST)
      const [found, ends] = [await this.#list(BigInt(at.timeMs)), await this.#list(LATEST)]
      // There is nothing from that time on: -1.
      return new Map([...ends].map(([number, end]) => [number, firstOf(found.get(number), end)]))
    })
  }

  async #list(timestamp: bigint): Promise<Positions> {
    const { topic } = this.#options
    const isolationLevel = this.#isolationLevel
    const { answers } = await this.#askLeaders(this.#leaders.keys(), async (_, numbers) => {
      const partitions = { [topic]: [...numbers] }
      const wanted = { topics: [topic], partitions, timestamp, isolationLevel }
      const offsets = (await this.#consumer.listOffsets(wanted)).get(topic) ?? []
      return numbers.map((number) => [number, Number(offsets[number])] as const)
    })
    return new Map(answers.flat())
  }

  /**
   * Asks the leader of each partition. A leader that does not answer is asked no more until the
   * topic is described again. Rejects if none answers.
   */
  async #askLeaders<T>(
    partitions: Iterable<number>,
    ask: (node: number, numbers: readonly number[]) => Promise<T>,
  ): Promise<{ readonly answers: readonly T[]; readonly failed: ReadonlyMap<number, string> }> {
    const byLeader = Map.groupBy(partitions, (number) => this.#leaders[number] ?? NOBODY)
    const failed = new Map((byLeader.get(NOBODY) ?? []).map((number) => [number, NO_LEADER]))
    byLeader.delete(NOBODY)
    if (byLeader.size === 0 && failed.size > 0) throw new Error('no partition has a leader')
    const asked = [...byLeader]
    const settled = await Promise.allSettled(asked.map(([node, numbers]) => ask(node, numbers)))
    const answers: T[] = []
    const errors: unknown[] = []
    for (const [index, [node, numbers]] of asked.entries()) {
      const one = settled[index]
      if (one?.status === 'fulfilled') answers.push(one.value)
      else {
        errors.push(one?.reason)
        for (const number of numbers) failed.set(number, reasonOf(one?.reason as ErrorLike))
        this.#leaders = this.#leaders.map((leader) => (leader === node ? NOBODY : leader))
      }
    }
    if (answers.length === 0 && errors.length > 0) throw errors[0]
    return { answers, failed }
  }

  fetch(positions: Positions): Promise<readonly FetchedPartition[]> {
    return this.#tried(async () => {
      const { answers, failed } = await this.#askLeaders(positions.keys(), (node, numbers) =>
        this.#fetchFrom(node, numbers, positions),
      )
      const missing = [...failed].map(([partition, unavailable]) => ({
        partition,
        records: [],
        next: positions.get(partition) ?? 0,
        bytes: 0,
        unavailable,
      }))
      return [...answers.flat(), ...missing]
    })
  }

  async #fetchFrom(
    node: number,
    numbers: readonly number[],
    positions: Positions,
  ): Promise<readonly FetchedPartition[]> {
    const partitions = numbers.map((partition) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(positions.get(partition) as number),
      lastFetchedEpoch: -1,
      partitionMaxBytes: PARTITION_BYTES,
    }))
    const { responses } = await this.#consumer
      .fetch({
        node,
        topics: [{ topicId: this.#id, partitions }],
        minBytes: 1,
        maxBytes: FETCH_BYTES,
        maxWaitTime: WAIT_MS,
        isolationLevel: this.#isolationLevel,
      })
      .catch(answerIn)
    return responses.flatMap((response) =>
      response.partitions.flatMap((answer): readonly FetchedPartition[] => {
        const { partitionIndex: partition, errorCode } = answer
        const from = positions.get(partition)
        // A broker may still send what an earlier fetch had asked for.
        if (from === undefined || !numbers.includes(partition)) return []
        return errorCode === OUT_OF_RANGE
          ? [{ partition, records: [], next: from, bytes: 0, isOutOfRange: true }]
          : [fetchedOf(answer, from)]
      }),
    )
  }

  commit(positions: Positions): Promise<void> {
    const { topic } = this.#options
    return this.#tried(() =>
      this.#consumer.commit({
        offsets: [...positions].map(([partition, next]) => ({
          topic,
          partition,
          offset: BigInt(next),
          leaderEpoch: -1,
        })),
      }),
    )
  }

  async close(): Promise<void> {
    // It closes connections, some of which may be broken already.
    await this.#consumer.close(true).catch(() => undefined)
  }

  async #tried<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw unreadable(this.#options.topic, error)
    }
  }
}

const firstOf = (found: number | undefined, end: number): number =>
  found === undefined || found < 0 ? end : found

/**
 * A {@link TopicReader} over `@platformatic/kafka`. It reads with the client's own fetch requests,
 * because only their answers say where to go on after records that nobody gets: markers of
 * transactions, and what was compacted.
 */
export const kafkaTopic = (options: KafkaTopicOptions): TopicReader => new ConsumedTopic(options)
