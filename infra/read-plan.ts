import { spawnSync } from 'node:child_process'
import { type ErrorCode, MillraceError } from '../lib/base/errors.ts'
import { ownConditions, ownFile } from './own-files.ts'
import type { PlanAnswer, PlanSummary } from './plan-summary.ts'

/** A module that waits for something when it is imported must not hold a deployment for ever. */
const READ_MS_MAX = 60_000
const ANSWER_CHANNEL = 3

/**
 * The plan of the pipeline that a module exports. A constructor cannot wait for an import, so another process imports it, and this one waits
 * for that process. What the module prints goes to the standard error.
 *
 * Errors: those of the module, with their codes: `MODULE_NOT_FOUND`, `MODULE_UNREADABLE`, `MODULE_INVALID`, `PLAN_NO_OUTPUT` and others.
 */
export const readPlan = (entry: string): PlanSummary => {
  const conditions = ownConditions.map((condition) => `--conditions=${condition}`)
  const { output, error, signal, status } = spawnSync(
    process.execPath,
    [...conditions, ownFile('infra/print-plan'), entry],
    {
      stdio: ['ignore', 2, 2, 'pipe'],
      timeout: READ_MS_MAX,
      encoding: 'utf8',
      // What the caller's Node was started with, a debugger or a test runner, is not for this process.
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  )
  const text = output?.[ANSWER_CHANNEL] ?? ''
  if (text === '') throw unanswered(entry, error?.message ?? `it ended with ${signal ?? status}`)
  const answer = JSON.parse(text) as PlanAnswer
  if ('plan' in answer) return answer.plan
  throw passedOn(answer.error)
}

const unanswered = (entry: string, reason: string): MillraceError =>
  new MillraceError('MODULE_UNREADABLE', {
    problem: `The process that imports the module gave no answer: ${reason}`,
    value: entry,
    fix: 'see what the module does when it is imported: it should only describe the pipeline',
  })

/** The error as the other process threw it. */
const passedOn = ({
  code,
  message,
}: {
  readonly code: string
  readonly message: string
}): MillraceError => {
  const error = new MillraceError(code as ErrorCode, { problem: message })
  error.message = message
  return error
}
