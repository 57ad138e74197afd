/**
 * What functions of users throw: whatever it is, the batch fails or the record is put aside, and a
 * text of it that is bounded is stored.
 */
import { runInNewContext } from 'node:vm'

import type { Random } from '../random.ts'

/** More than an item of the table holds. */
const LONG = 'a long message 🧨 '.repeat(60_000)

const throwing = (): never => {
  throw new Error('this getter throws')
}

const withThrowingMessage = (): Error =>
  Object.defineProperty(new Error('x'), 'message', { get: throwing })

/** No two processes share one, since somebody may change it. */
const MAKERS: readonly (() => unknown)[] = [
  () => new Error(LONG),
  () => new Error('short', { cause: new Error(LONG) }),
  () => LONG,
  () => undefined,
  () => null,
  () => 7n,
  () => Symbol('odd'),
  (): unknown => Object.create(null),
  () => ({ toString: throwing, toJSON: throwing }),
  withThrowingMessage,
  () => Object.freeze(new Error('frozen')),
  (): unknown => runInNewContext("new Error('of another realm')"),
  () => new AggregateError([new Error(LONG), undefined], LONG),
  () => Object.assign(new Error('its code is odd'), { code: { toString: throwing } }),
  () => new Proxy({}, { get: throwing, getPrototypeOf: throwing }),
]

/** One of them. */
export const oddError = (random: Random): unknown => random.pick(MAKERS)()
