import { type ErrorCode, isMillraceError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'

const TRIES_MAX = 4
const FIRST_PAUSE_MS = 50

/**
 * Repeats a call while it fails with an error that may pass: one with the code given. The call must
 * be safe to repeat. A conditional write is safe if its caller treats a refusal that shows its own
 * attempt id as a success whose answer was lost (B2).
 *
 * @throws the error of the last try.
 */
export const withRetries = async <T>(
  clock: Clock,
  call: () => Promise<T>,
  code: ErrorCode = 'STORE_FAILED',
): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      const canPass = isMillraceError(error) && error.code === code
      if (!canPass || tries >= TRIES_MAX) throw error
      await clock.sleep(FIRST_PAUSE_MS * 4 ** (tries - 1))
    }
  }
}
