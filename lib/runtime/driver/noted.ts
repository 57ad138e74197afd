/**
 * Keeps a note for `millrace status` while the driver cannot run. A driver that throws before it
 * has a batch leaves nothing else: only its log knows.
 */
import { cutText } from '../../base/error-text.ts'
import { asMillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { clearDriverNote, storeDriverNote } from '../../state/driver-note.ts'

/** Whose note is kept. */
export interface NotedParts {
  readonly store: ItemStore
  readonly app: string
  readonly generation: number
  readonly clock: Clock
}

/** Notes what a driver throws. Made once in a process. */
export interface Noted {
  /** Runs a part of the start of the driver. Rejects with its error, which is noted. */
  start<T>(run: () => Promise<T>): Promise<T>
  /** Runs the driver. When it succeeds, the note of an earlier failure is taken back. */
  run<T>(run: () => Promise<T>): Promise<T>
}

const MESSAGE_CHARACTERS_MAX = 4_000
const problem = 'The driver failed outside of a batch'

/** Makes a keeper of the note. */
export const noted = ({ store, app, generation, clock }: NotedParts): Noted => {
  // A process before this one may have left a note.
  let mayBeNoted = true

  const start = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      mayBeNoted = true
      const { code, message } = asMillraceError(error, 'USER_FUNCTION_FAILED', { problem })
      const note = {
        atMs: clock.now(),
        generation,
        code,
        message: cutText(message, MESSAGE_CHARACTERS_MAX),
      }
      // The store may be what is broken. The error of the driver must not be lost over this.
      await storeDriverNote(store, app, note).catch(() => undefined)
      throw error
    }
  }

  return {
    start,
    async run(run) {
      const result = await start(run)
      if (!mayBeNoted) return result
      mayBeNoted = await clearDriverNote(store, app, generation).then(
        () => false,
        () => true,
      )
      return result
    },
  }
}
