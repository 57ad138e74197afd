/**
 * Writes rows to Redis, by the package `@redis/client`. One script compares the fence of the output
 * and writes the rows: nothing can come between.
 */
import { createClient } from '@redis/client'
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { type Fence, isOlderFence } from '../../ports/fence.ts'
import type { Sink } from '../../ports/sink.ts'
import type { Row } from '../../rdd/sink-declaration.ts'
import { FENCE_PREFIX, type RedisSettings } from './redis.ts'

/** Settings of {@link redisSink}. */
export interface RedisSinkOptions {
  /** `redis://user:password@host:6379/0`, or `rediss:` for TLS. */
  readonly url: string
  readonly clock: Clock
}

const ROWS_MAX = 1_000
const TRIES_MAX = 5
const FIRST_PAUSE_MS = 50
const RECONNECTS_MAX = 3
const CONNECT_MS_MAX = 10_000

/** KEYS: the fence, then keys or the sorted set. ARGV: the fence, the command, then values. */
const SCRIPT = `
local there = redis.call('HMGET', KEYS[1], 'app', 'generation', 'epoch', 'batchTime')
local generation, epoch, batchTime = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if there[1] then
  local g, e, t = tonumber(there[2]), tonumber(there[3]), tonumber(there[4])
  if there[1] ~= ARGV[1] or generation < g or (generation == g and epoch < e) or batchTime < t then
    return there
  end
end
redis.call('HSET', KEYS[1], 'app', ARGV[1], 'generation', ARGV[2], 'epoch', ARGV[3],
  'batchTime', ARGV[4])
if ARGV[5] == 'SET' then
  for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 4]) end
else
  for i = 6, #ARGV, 2 do redis.call('ZADD', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
return {}
`

/**
 * The key of the fence: in the slot of the keys, where a cluster divides them by a hash tag. No key
 * of the output is the same, whatever the data is: it does not begin with the prefix.
 */
const fenceKey = ({ place, type }: RedisSettings): string =>
  FENCE_PREFIX + (type === 'string' || /\{[^}]+\}/.test(place) ? place : `{${place}}`)

const lastOfEachKey = (rows: readonly Row[]): readonly Row[] => [
  ...new Map(rows.map((row) => [row['key'], row])).values(),
]

interface Step {
  readonly keys: string[]
  readonly arguments: string[]
}

/** One step: at most so many rows, or none, which only raises the fence. */
const stepOf = (
  rows: readonly Row[],
  settings: RedisSettings,
  { app, generation, epoch }: Fence,
  timeMs: number,
): Step => {
  const isString = settings.type === 'string'
  const fence = [app, generation, epoch, timeMs, isString ? 'SET' : 'ZADD'].map(String)
  const values = rows.flatMap(({ key, value }) =>
    isString ? [String(value)] : [scoreText(value), String(key)],
  )
  const keys = isString ? rows.map(({ key }) => settings.place + String(key)) : [settings.place]
  return { keys: [fenceKey(settings), ...keys], arguments: [...fence, ...values] }
}

const scoreText = (score: unknown): string =>
  score === Infinity ? '+inf' : score === -Infinity ? '-inf' : String(score)

const refusal = (
  there: readonly (string | null)[],
  fence: Fence,
  settings: RedisSettings,
): MillraceError => {
  const output = settings.place
  const [app = '', generation, epoch, batchTime] = there
  if (app !== fence.app)
    return new MillraceError('OUTPUT_EXISTS', {
      problem: `Another application, ${app}, writes to these keys`,
      value: output,
      fix: `use another prefix or set, or delete the key of the fence: ${fenceKey(settings)}`,
    })
  const other = { app, generation: Number(generation), epoch: Number(epoch) }
  return new MillraceError('OUTPUT_FENCED', {
    problem:
      `${isOlderFence(fence, other) ? 'A newer attempt' : 'A newer batch'} has been written: ` +
      `batch ${batchTime}, generation ${generation}, epoch ${epoch}`,
    value: output,
    fix:
      'nothing to do if another process continues. If the application has started again with an ' +
      `empty store, delete the key of the fence: ${fenceKey(settings)}`,
  })
}

/** What Redis says when trying again cannot help. */
const LASTING = /^(WRONGTYPE|CROSSSLOT|NOAUTH|WRONGPASS|NOPERM|ERR|MOVED|READONLY)/

const outputError = (error: unknown, description: string): MillraceError => {
  if (isMillraceError(error)) return error
  const { message } = error as Error
  return new MillraceError('OUTPUT_FAILED', {
    problem: `Redis refused a step, or could not be reached: ${message}`,
    value: description,
    ...(message.startsWith('CROSSSLOT')
      ? { fix: 'a cluster needs all keys of an output in one slot: use a prefix such as {totals}:' }
      : {}),
    retryable: !LASTING.test(message),
    cause: error,
  })
}

/**
 * A {@link Sink} of rows with `key` and `value` in Redis.
 *
 * @example
 * ```ts
 * const sink = redisSink({ url: 'redis://localhost:6379', clock: systemClock() })
 * const { settings } = redis('scores', { prefix: 'totals:' })
 * const fence = { app: 'a', generation: 1, epoch: 1 }
 * const batch = await sink.open({ path: '1000', timeMs: 1_000, settings }, fence)
 * await batch.write(0, [{ key: 'to', value: '2' }])
 * ```
 */
export const redisSink = ({ url, clock }: RedisSinkOptions): Sink<readonly Row[]> => {
  const description = `redis://${URL.parse(url)?.host ?? '?'}`
  const client = createClient({
    url,
    // A step that cannot be sent fails, and is tried again below, a few times.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_MS_MAX,
      // Then the client is closed, and the next step connects anew.
      reconnectStrategy: (retries) => retries < RECONNECTS_MAX && FIRST_PAUSE_MS * 2 ** retries,
    },
  })
  // Steps say what went wrong.
  client.on('error', () => undefined)
  const run = async (step: Step, fence: Fence, settings: RedisSettings): Promise<void> => {
    for (let tries = 1; ; tries++) {
      try {
        if (!client.isOpen) await client.connect()
        const there = (await client.eval(SCRIPT, step)) as readonly (string | null)[]
        if (there.length > 0) throw refusal(there, fence, settings)
        return
      } catch (error) {
        const failure = outputError(error, description)
        if (!failure.retryable || tries >= TRIES_MAX) throw failure
        await clock.sleep(FIRST_PAUSE_MS * 4 ** (tries - 1))
      }
    }
  }
  return {
    description,
    isAtomic: false,
    async open({ timeMs, settings: given }, fence) {
      const settings = given as RedisSettings
      const step = (rows: readonly Row[]): Promise<void> =>
        run(stepOf(rows, settings, fence, timeMs), fence, settings)
      await step([])
      return {
        async write(_, rows) {
          const last = lastOfEachKey(rows)
          for (let from = 0; from < last.length; from += ROWS_MAX)
            await step(last.slice(from, from + ROWS_MAX))
        },
        finish: async () => undefined,
        abandon: async () => undefined,
      }
    },
    async close() {
      if (client.isOpen) client.destroy()
    },
  }
}
