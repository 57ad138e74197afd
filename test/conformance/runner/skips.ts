/** Cases that are tested elsewhere, and why. Nothing else is skipped. */
import type { Vector } from './vector.ts'

const SKIPS: readonly (readonly [op: RegExp, reason: string])[] = [
  [/^kinesis\b/, 'Kinesis: the connector has tests of its own'],
]

/** The reason for skipping a case. Undefined: it runs. */
export const skipReason = ({ op }: Vector): string | undefined =>
  SKIPS.find(([pattern]) => pattern.test(op))?.[1]
