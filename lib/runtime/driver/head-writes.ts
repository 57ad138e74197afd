/**
 * How the phases write the head. Each write is one conditional write. A refusal that shows the
 * attempt of the writer itself is a success whose answer was lost.
 */
import type { Head, HeadCondition } from '../../state/head.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import type { OutputsDone } from '../tasks/outputs-done.ts'
import type { BatchInput } from './batch-input.ts'

/** A batch whose log is acknowledged, and whose lease this runner holds. Its outputs may start. */
export interface LoggedAttempt {
  /** The head as this attempt wrote it. */
  readonly head: Head
  readonly attemptId: string
  /** Number of this attempt: 1 for the first one. */
  readonly number: number
  /** Whether no attempt, of any generation, was made before this one. */
  readonly isFirst: boolean
  readonly input: BatchInput
  /** The outputs that are done, in this attempt or an earlier one. Grows while outputs run. */
  readonly outputsDone: OutputsDone
}

/** The attributes that must be unchanged when the holder of the lease writes. */
export const MINE: HeadCondition = ['epoch', 'owner', 'generation', 'next']

/** Whether the head was written, by this call or by an earlier try whose answer was lost. */
export const swapHead = async (
  { clock, heads }: Pick<Runner, 'clock' | 'heads'>,
  seen: Head,
  condition: HeadCondition,
  next: Head,
  isMine: (current: Head) => boolean,
): Promise<boolean> => {
  const answer = await withRetries(clock, () => heads.swap(seen, condition, next))
  return answer.swapped || (answer.head !== undefined && isMine(answer.head))
}
