import { type Head, HeadStore, triedAnew } from '../../state/head.ts'
import type { StoredApp } from '../driver/last-manifest.ts'
import { readLoggedHead, type OperatedBatch, refusal, swapOrRefuse } from './operated.ts'

/**
 * Resumes a FAILED application: it tries its batch again, starting with the first attempt.
 *
 * @throws MillraceError `COMMAND_REFUSED` when the application has not failed.
 */
export const resume = async ({ store, app, clock }: StoredApp): Promise<OperatedBatch> => {
  const heads = new HeadStore(store, app)
  const { head, logged } = await readLoggedHead(heads, clock)
  if (head.status !== 'failed')
    throw refusal(
      'The application has not stopped: the batch is tried again by itself',
      head.status,
      'failed',
      'start the pipeline, or skip the batch with millrace skip',
    )
  const next: Head = {
    ...head,
    status: 'running',
    logged: triedAnew(logged),
    reason: undefined,
    load: undefined,
  }
  const isDone = (now: Head): boolean =>
    now.status === 'running' && now.logged?.timeMs === logged.timeMs
  await swapOrRefuse(heads, clock, head, next, isDone)
  return { timeMs: logged.timeMs, attempts: logged.attempts, reason: head.reason }
}
