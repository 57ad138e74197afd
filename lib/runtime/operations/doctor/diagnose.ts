/** All checks of the doctor: from what was read to what should be changed. */
import { count, spanText } from '../../../base/amount-text.ts'
import { filesCostly, intervalCostly } from './cost.ts'
import {
  deadLettersMany,
  inputLost,
  lanesSkewed,
  retentionShort,
  statesGrow,
  statesSkewed,
} from './data.ts'
import type { Check, Finding, Severity } from './finding.ts'
import { fallingBehind, heldBack, intervalShort } from './pace.ts'
import { executorsIdle, memoryFits, retriesMany, stagesDominate, timeoutShort } from './work.ts'

const stopped: Check = ({ head, target }) =>
  head?.status === 'failed'
    ? [
        {
          code: 'STOPPED',
          severity: 'problem',
          seen:
            `A batch has failed ${count(head.logged?.attempts ?? 0, 'time')}, with ` +
            `${head.reason?.code ?? 'an error'}: ${(head.reason?.message ?? '').split('\n')[0]}`,
          why: 'Nothing runs until somebody resumes it',
          change: `Mend the cause, then: millrace resume ${target}`,
          figures: { attempts: head.logged?.attempts ?? 0 },
        },
      ]
    : []

/** An older note is of a process that is no more. */
const NOTE_MS_MAX = 180_000

const driverFails: Check = ({ driverNote, nowMs }) =>
  driverNote === undefined || nowMs - driverNote.atMs > NOTE_MS_MAX
    ? []
    : [
        {
          code: 'DRIVER_FAILS',
          severity: 'problem',
          seen:
            `The driver threw ${spanText(Math.max(0, nowMs - driverNote.atMs))} ago: ` +
            `${driverNote.message.split('\n')[0]}`,
          why: 'It cannot run a batch',
          change: `millrace help errors ${driverNote.code}`,
          figures: { atMs: driverNote.atMs },
        },
      ]

const CHECKS: readonly Check[] = [
  stopped,
  driverFails,
  inputLost,
  retentionShort,
  intervalShort,
  heldBack,
  fallingBehind,
  stagesDominate,
  memoryFits,
  timeoutShort,
  retriesMany,
  deadLettersMany,
  statesGrow,
  statesSkewed,
  lanesSkewed,
  executorsIdle,
  filesCostly,
  intervalCostly,
]

const ORDER: readonly Severity[] = ['problem', 'advice', 'saving']

/** What should be changed, problems first. Empty: nothing. */
export const diagnose: (examined: Parameters<Check>[0]) => readonly Finding[] = (examined) => {
  const found = CHECKS.flatMap((check) => check(examined))
  // The interval explains why the driver says that it falls behind for want of time.
  const isExplained = found.some(({ code }) => code === 'INTERVAL_SHORT')
  return found
    .filter(({ code }) => !(isExplained && code === 'FALLING_BEHIND'))
    .toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity))
}
