import { randomBytes } from 'node:crypto'
import type { Randomness } from '../../ports/randomness.ts'

/**
 * 96 bits: among 10^12 attempts, the probability that two have the same id is below 1 in 100,000.
 */
const ATTEMPT_ID_BYTES = 12

/**
 * {@link Randomness} from the operating system: an attempt id is 24 lower-case hexadecimal digits.
 */
export const systemRandomness = (): Randomness => ({
  attemptId: () => randomBytes(ATTEMPT_ID_BYTES).toString('hex'),
})
