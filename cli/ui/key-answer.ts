/**
 * Looks up the state of a key, as `millrace state get` does. A look reads the head, the manifest
 * and one partition of the state. Looks go one after the other, so a page that asks often waits.
 */
import { usage } from '../usage.ts'
import { definedIn, keyIn, valueText } from '../../lib/runtime/state/state-lines.ts'
import { StateView } from '../../lib/runtime/state/state-view.ts'
import type { KeyAnswer } from '../../page/answers.ts'
import type { PageSource } from './page-source.ts'

/** A larger partition would take the memory of the run that serves the page. */
const BYTES_MAX = 32 * 1_024 * 1_024
const LOOKS_MAX = 8
/** A page need not show more of a value. */
const VALUE_CHARACTERS_MAX = 20_000

/** Looks up keys. */
export type KeyLookUp = (state: string, typed: string) => Promise<KeyAnswer>

/**
 * Makes what looks up keys in the states of an application.
 *
 * Errors: `STATE_UNKNOWN`, `KEY_UNSUPPORTED`, `USAGE` when the partition is too large or too many
 * looks wait, and those of the store.
 */
export const keyLookUp = (source: PageSource): KeyLookUp => {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return async (state, typed) => {
    if (waiting >= LOOKS_MAX)
      throw usage('Too many keys are looked up at once', String(waiting), `${LOOKS_MAX}`, 'wait')
    waiting += 1
    const answer = last.then(() => lookUp(source, state, typed))
    last = answer.catch(() => undefined)
    try {
      return await answer
    } finally {
      waiting -= 1
    }
  }
}

const lookUp = async (source: PageSource, state: string, typed: string): Promise<KeyAnswer> => {
  const view = await StateView.open(source, state)
  const key = keyIn(typed)
  const { partition, partitions, bytes } = view.placeOf(key)
  if (bytes > BYTES_MAX)
    throw usage(
      'The partition of this key is too large for the page to read',
      `${bytes} bytes`,
      `${BYTES_MAX} bytes`,
      `look it up with millrace state get ${state} KEY ${source.target}`,
    )
  const found = await view.get(key)
  const { touchedMs, timerMs, expiresMs } = found ?? {}
  const isText = typeof key === 'string'
  return {
    state,
    key: valueText(key),
    ...(found === undefined ? {} : cutValue(valueText(found.state))),
    partition,
    partitions,
    batchMs: view.timeMs,
    ...definedIn({ touchedMs, timerMs, expiresMs }),
    ...(isText
      ? {}
      : { hint: `It was read as JSON. If the key is text: ${JSON.stringify(typed)}` }),
  }
}

const cutValue = (text: string): Pick<KeyAnswer, 'value' | 'cut'> => {
  const cut = text.length - VALUE_CHARACTERS_MAX
  return cut <= 0 ? { value: text } : { value: text.slice(0, VALUE_CHARACTERS_MAX), cut }
}
