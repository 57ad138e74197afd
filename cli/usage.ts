import { MillraceError } from '../lib/base/errors.ts'

/** The error of a command line that is wrong. */
export const usage = (
  problem: string,
  value: unknown,
  allowed: string,
  fix: string,
): MillraceError => new MillraceError('USAGE', { problem, value, allowed, fix })
