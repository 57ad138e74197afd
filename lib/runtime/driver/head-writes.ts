/**
 * How the phases write the head: each write is one conditional write, and a refusal that shows the
 * writer's own attempt is its own success, whose answer was lost.
 */
import type { Head, HeadCondition } from '../../state/head.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import type { BatchInput } from './batch-input.ts'

/** A batch whose lease and log are acknowledged: from here on its outputs may start. */
export interface LoggedAttempt {
  /** The head as this attempt wrote it. */
  readonly head: Head
  readonly attemptId: string
  /** How often the batch has been started, this time included. */
  readonly number: number
  /** Nobody has tried the batch before, in whatever generation. */
  readonly isFirst: boolean
  readonly input: BatchInput
  /** The outputs that have run, in this attempt or an earlier one. Each that runs is added. */
  readonly outputsDone: Set<string>
}

/** What must still be as it was for the holder of the lease to write. */
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
