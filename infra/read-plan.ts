import { spawnSync } from 'node:child_process'
import { type ErrorCode, MillraceError } from '../lib/base/errors.ts'
import { ownConditions, ownFile } from './own-files.ts'
import type { PlanAnswer, PlanSummary } from './plan-summary.ts'

/** A module that waits for something while it is imported must not block a deployment for ever. */
const READ_MS_MAX = 60_000
const ANSWER_CHANNEL = 3

/**
 * The plan of the pipeline that a module exports. A constructor cannot wait for an import, so
 * another process imports the module, and this one waits for that process. What the module prints
 * goes to the standard error.
 *
 * @throws MillraceError The errors of the module, with their codes: `MODULE_NOT_FOUND`,
 * `MODULE_UNREADABLE`, `MODULE_INVALID`, `PLAN_NO_OUTPUT` and others.
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
      // Options of the caller, such as those of a debugger or a test runner, are not passed on.
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  )
  const text = output?.[ANSWER_CHANNEL] ?? ''
  if (text === '') throw noAnswerError(entry, error?.message ?? `it ended with ${signal ?? status}`)
  const answer = JSON.parse(text) as PlanAnswer
  if ('plan' in answer) return answer.plan
  throw rebuildError(answer.error)
}

const noAnswerError = (entry: string, reason: string): MillraceError =>
  new MillraceError('MODULE_UNREADABLE', {
    problem: `The process that imports the module gave no answer: ${reason}`,
    value: entry,
    fix: 'see what the module does when it is imported: it should only describe the pipeline',
  })

/** The error as the other process threw it. */
const rebuildError = ({
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
