import { randomBytes } from 'node:crypto'
import type { Randomness } from '../../ports/randomness.ts'

/**
 * 96 bits: among a million million attempts, the odds that two share a name are below one in a
 * hundred thousand.
 */
const ATTEMPT_ID_BYTES = 12

/**
 * {@link Randomness} from the operating system: an attempt id is 24 lower-case hexadecimal digits.
 */
export const systemRandomness = (): Randomness => ({
  attemptId: () => randomBytes(ATTEMPT_ID_BYTES).toString('hex'),
})
