import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import type { AnyValue } from '../../rdd/pair-types.ts'
import { checkAnyFunction, checkDurationMs } from '../checks.ts'
import { StreamingContext } from '../streaming-context.ts'

/**
 * A value that all functions of a pipeline can read, in every process: rules, prices, a list of
 * names. A value with a name is loaded in the driver, and stored; each batch uses one version.
 *
 * @example const isKnown = (names: Broadcast<Set<string>>, name: string) => names.value.has(name)
 */
export interface Broadcast<T> {
  /**
   * The value of the version that the batch uses. It is frozen, and must not be changed.
   *
   * @throws MillraceError `BROADCAST_UNSET` before the first batch, if the value is loaded.
   */
  readonly value: T
}

/**
 * How a broadcast value is loaded.
 *
 * @example
 * ```ts
 * const options: BroadcastOptions<string[]> = {
 *   load: async () => (await (await fetch('https://example.com/bots.json')).json()) as string[],
 *   every: minutes(5),
 * }
 * ```
 */
export interface BroadcastOptions<T> {
  /**
   * Gives the newest value. It runs in the driver, and may be async. The value may consist of what
   * states of keys may, in at most 8 MiB.
   */
  readonly load: () => T | Promise<T>
  /**
   * How long a version is used, by batch times. Then `load` is called again, or `version` asked
   * first. Default with `version`: it is asked before every batch. Without `version`, it must be
   * given.
   */
  readonly every?: Duration
  /**
   * What the newest version is called, such as the ETag of an object. `load` is called only when it
   * is another one. Default: versions have no names, and are compared by value.
   */
  readonly version?: () => string | Promise<string>
}

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * A value of the code, as in Spark. Every process has it from the code, so nothing is stored.
     *
     * @example const stopWords = ssc.broadcast(new Set(['a', 'the']))
     */
    broadcast<T>(value: T): Broadcast<T>

    /**
     * A value that is loaded, and again from time to time. The driver looks for a newer version
     * before a batch is logged. The version is logged with the batch: an attempt that is tried
     * again, every executor and a replay use the same one. If a later load fails, batches go on
     * with the version that they have (`BROADCAST_STALE`).
     *
     * @param name The name of the value in the store: a letter or digit, then up to 63 letters,
     * digits, `.`, `_` or `-`.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is taken or not of the allowed form,
     * or neither `every` nor `version` is given; `PLAN_FROZEN`. Before the first batch:
     * `BROADCAST_FAILED` when the value cannot be loaded or stored.
     * @example
     * ```ts
     * const bots = ssc.broadcast('bots', {
     *   load: async () => new Set(await readBots()),
     *   every: minutes(5),
     * })
     * clicks.filter(({ agent }) => !bots.value.has(agent)).print()
     * ```
     */
    broadcast<T extends AnyValue>(name: string, options: BroadcastOptions<T>): Broadcast<T>
  }
}

StreamingContext.prototype.broadcast = function <T>(
  this: StreamingContext,
  ...given: readonly [value: T] | readonly [name: string, options: BroadcastOptions<T>]
): Broadcast<T> {
  if (given.length === 1) return Object.freeze({ value: given[0] })
  const [name, options] = given
  const { load, every, version } = (options ?? {}) as Partial<BroadcastOptions<T>>
  const set = this.broadcasts(name)
  if (every === undefined && version === undefined)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'broadcast() must know when a value is loaded again',
      value: name,
      allowed: 'every, or version, or both',
      fix: 'for example every: minutes(5)',
    })
  set.declare({
    name,
    load: checkAnyFunction('broadcast', load) as () => unknown,
    version: version && checkAnyFunction('broadcast', version),
    everyMs: every === undefined ? 0 : checkDurationMs('every', every),
  })
  return Object.freeze({
    get value() {
      return set.valueOf(name) as T
    },
  })
}
