/** What the application does, from its head. */
import type { AppStatus, ReasonAnswer, StatusAnswer } from '../../page/answers.ts'
import type { FailureReason, Head } from '../../lib/state/head.ts'
import { findingText, type Finding } from '../../lib/runtime/operations/doctor/finding.ts'
import { fallingFinding, type Pace, slowFinding } from '../../lib/runtime/operations/doctor/pace.ts'
import { withShownPaths } from '../../lib/tools/shown-paths.ts'
import type { PageSource } from './page-source.ts'

/** Of an application in a directory: when nothing has happened for so long, nobody runs it. */
const SILENT_MS_MIN = 60_000
const SILENT_INTERVALS = 3
/** The queue is not counted any further. */
const QUEUED_MAX = 9_999

/** An error, with paths as the user would write them. */
export const reasonAnswer = (reason: FailureReason): ReasonAnswer => ({
  ...reason,
  message: withShownPaths(reason.message),
  ...(reason.declaredAt === undefined ? {} : { declaredAt: withShownPaths(reason.declaredAt) }),
  ...(reason.thrownAt === undefined ? {} : { thrownAt: withShownPaths(reason.thrownAt) }),
})

/** The status of the application in figures and in words. */
export const statusAnswer = (
  { how, target, clock }: PageSource,
  head: Head | undefined,
  pace: Pace,
): StatusAnswer => {
  const nowMs = clock.now()
  if (head === undefined) return { status: 'none', text: TEXTS.none, advice: [], nowMs, queued: 0 }
  const { logged, reason, load } = head
  const { intervalMs } = pace
  const status = statusOf(head, how === 'stored', nowMs, intervalMs ?? 0)
  const isWrong = status === 'failed' || status === 'retrying'
  const advice = [
    ...(isWrong ? [FAILED_ADVICE[status]] : []),
    ...findingsOf(status, pace, load).map(findingText),
  ]
  return {
    status,
    text: TEXTS[status],
    advice,
    ...(status === 'failed' ? { command: `millrace resume ${target}` } : {}),
    ...(isWrong && reason !== undefined ? { reason: reasonAnswer(reason) } : {}),
    nowMs,
    ...(head.manifest === undefined ? {} : { doneMs: head.doneMs }),
    generation: head.generation,
    planHash: head.plan,
    ...(logged === undefined
      ? {}
      : {
          running: {
            timeMs: logged.timeMs,
            attempts: logged.attempts,
            firstMs: logged.firstMs,
          },
        }),
    queued: queuedOf(head, status, nowMs, intervalMs),
  }
}

/** What `millrace doctor` would find, too, as far as the head and the last batches tell. */
const findingsOf = (status: AppStatus, pace: Pace, load: Head['load']): readonly Finding[] => {
  const slow = status === 'stopped' ? undefined : slowFinding(pace)
  return [
    ...(slow === undefined ? [] : [slow]),
    ...(load?.falling === undefined ? [] : [fallingFinding(load.falling)]),
  ]
}

const TEXTS: Readonly<Record<AppStatus, string>> = {
  none: 'Nothing has run yet.',
  running: 'Batches run when they are due.',
  rest: 'Nothing is left to do. The next record wakes it.',
  retrying: 'A batch has failed, and is tried again.',
  failed: 'A batch has failed too often. Nothing runs until somebody resumes it.',
  stopped: 'No process has run it for a while. What you see is what it has stored.',
}

const FAILED_ADVICE = {
  retrying: 'The batch keeps its input, and nothing is lost. If the cause stays, mend the code.',
  failed: 'Mend the cause, then try the batch again:',
}

const statusOf = (
  { status, logged, reason, doneMs }: Head,
  maySleep: boolean,
  nowMs: number,
  intervalMs: number,
): AppStatus => {
  if (status === 'failed') return 'failed'
  const silentMs = nowMs - Math.max(doneMs, logged?.retryMs ?? 0)
  if (maySleep && silentMs > Math.max(SILENT_MS_MIN, SILENT_INTERVALS * intervalMs))
    return 'stopped'
  if (status === 'rest') return 'rest'
  return logged !== undefined && reason !== undefined ? 'retrying' : 'running'
}

/** How many batch times after the one that runs are over. */
const queuedOf = (
  { logged, status: headStatus }: Head,
  status: AppStatus,
  nowMs: number,
  intervalMs: number | undefined,
): number => {
  if (intervalMs === undefined || logged === undefined) return 0
  if (headStatus !== 'running' || status === 'stopped') return 0
  return Math.min(QUEUED_MAX, Math.max(0, Math.floor((nowMs - logged.timeMs) / intervalMs)))
}
