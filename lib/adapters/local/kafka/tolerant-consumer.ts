import {
  type API,
  type Callback,
  Consumer,
  type ConsumerOptions,
  kGetApi,
} from '@platformatic/kafka'

/** What a broker says of the partitions of topics. */
interface MetadataResponse {
  readonly topics: readonly {
    readonly errorCode: number
    readonly partitions: readonly { readonly errorCode: number }[]
  }[]
}

/** The leader is down, a replica is, or the leader is not reached the way we ask. */
const WITHOUT_LEADER: ReadonlySet<number> = new Set([5, 9, 72])

/** The answer, if only partitions have errors, and only for want of a leader. */
const answerIn = (error: Error | null): MetadataResponse | undefined => {
  const { response } = (error ?? {}) as { readonly response?: MetadataResponse }
  const isUsable = response?.topics.every(
    ({ errorCode, partitions }) =>
      errorCode === 0 &&
      partitions.every((one) => one.errorCode === 0 || WITHOUT_LEADER.has(one.errorCode)),
  )
  return isUsable === true ? response : undefined
}

const tolerant = <A extends unknown[], R>(api: API<A, R>): API<A, R> => {
  const call = (connection: unknown, ...given: readonly unknown[]): void => {
    const callback = given.at(-1) as Callback<unknown>
    const answered: Callback<unknown> = (error, response) => {
      const found = answerIn(error)
      if (found === undefined) callback(error, response)
      else callback(null, found)
    }
    const send = api as unknown as (...all: readonly unknown[]) => void
    send(connection, ...given.slice(0, -1), answered)
  }
  return Object.assign(call, { async: api.async, key: api.key, version: api.version }) as API<A, R>
}

class TolerantConsumer extends Consumer {
  override [kGetApi]<A extends unknown[], R>(name: string, callback: Callback<API<A, R>>): void {
    super[kGetApi]<A, R>(name, (error, api) => {
      const isWrapped = name === 'Metadata' && api !== undefined
      callback(error, isWrapped ? tolerant(api) : api)
    })
  }
}

/**
 * Makes a consumer to which a partition without a leader is no error of the whole topic: such a
 * partition has the leader -1. The client itself would give no metadata at all, and could read
 * nothing.
 */
export const tolerantConsumer = (
  options: ConsumerOptions<Buffer, Buffer, Buffer, Buffer>,
): Consumer => new TolerantConsumer(options)
