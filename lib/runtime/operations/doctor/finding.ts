/**
 * What the doctor finds, as data. The command line and the page show the same findings.
 *
 * A finding rests on figures of batches that have run, and names an option with a value. What is
 * normal is no finding: a wrong alarm costs more trust than a late one.
 */
import type { Bill } from '../bill.ts'
import type { DeadLettersOverview } from '../dead-letters-overview.ts'
import type { LaneOverview, StateOverview } from '../status.ts'
import type { DriverNote } from '../../../state/driver-note.ts'
import type { Head } from '../../../state/head.ts'
import type { BatchRecord } from '../../../state/history/batch-record.ts'
import type { PlanOptions } from '../../../dstream/plan.ts'

/** What can be found. */
export type FindingCode =
  | 'STOPPED'
  | 'DRIVER_FAILS'
  | 'INTERVAL_SHORT'
  | 'INTERVAL_COSTLY'
  | 'FALLING_BEHIND'
  | 'RATE_HOLDS'
  | 'LIMITS_HOLD'
  | 'STAGES_DOMINATE'
  | 'EXECUTORS_IDLE'
  | 'MEMORY_SHORT'
  | 'MEMORY_LARGE'
  | 'TIMEOUT_SHORT'
  | 'RETRIES_MANY'
  | 'RETENTION_SHORT'
  | 'INPUT_LOST'
  | 'STATE_GROWS'
  | 'STATE_SKEWED'
  | 'LANE_SKEWED'
  | 'DEAD_LETTERS_MANY'
  | 'FILES_COSTLY'

/**
 * `problem`: results are late, missing or wrong, or soon will be. `advice`: it works, and would
 * work better. `saving`: it works, and costs more than it must.
 */
export type Severity = 'problem' | 'advice' | 'saving'

/** Something that should be changed. Texts are sentences without a full stop at their end. */
export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  /** The source, output or state that it is about, by its id. Left out: the application. */
  readonly of?: string
  /** What was seen, with figures. */
  readonly seen: string
  /** Why it matters. */
  readonly why: string
  /** What to change: the option, with a value. */
  readonly change: string
  /** What that costs or saves. */
  readonly effect?: string
  /** The figures, for programs. */
  readonly figures: Readonly<Record<string, number>>
  /** About so many dollars a day more. Less than zero: saved. Left out: it is not known. */
  readonly dollarsPerDay?: number
}

/** What findings are made from. */
export interface Examined {
  /** The option of commands that names the application. */
  readonly target: string
  readonly isDeployed: boolean
  readonly nowMs: number
  /** How often batches are due. Left out: there are too few batches to tell. */
  readonly intervalMs?: number
  /** The options of the pipeline. Left out: nobody has given the module. */
  readonly options?: PlanOptions
  readonly head: Head | undefined
  readonly driverNote?: DriverNote
  readonly lanes: readonly LaneOverview[]
  readonly states: readonly StateOverview[]
  /** The dead letters since the first of the batches. */
  readonly deadLetters: DeadLettersOverview
  /** The completed batches of the deployment that runs, the oldest first. */
  readonly batches: readonly BatchRecord[]
  /** Attempts of that deployment that failed, the oldest first. */
  readonly failures: readonly BatchRecord[]
  /** What these batches and attempts have used. */
  readonly bill: Bill
  /** How long sources keep their records, by their ids, where that is known. */
  readonly retentionMs: Readonly<Record<string, number>>
}

/** A check: what is wrong in one way. */
export type Check = (examined: Examined) => readonly Finding[]

/** A finding as one text, in sentences. */
export const findingText = ({ seen, why, change }: Finding): string =>
  [seen, why, change]
    .filter((text) => text !== '')
    .map((text) => `${text}.`)
    .join(' ')
