/** The environment variables of the functions. functions/environment.ts documents them. */
import { Tokenization } from 'aws-cdk-lib'
import type { StoredLocation } from './deployed-kind.ts'

/** What all functions are told; the executors hear nothing of triggers. */
export interface CommonFacts {
  /** The name of the table. */
  readonly table: string
  /** The name of the bucket for large segments. */
  readonly blocks: string
  /** The URL of the queue of triggers. */
  readonly triggers: string
  /** By the id of the source node. */
  readonly sources: Readonly<Record<string, StoredLocation>>
  /** Whether each invocation logs what it used. */
  readonly meter: boolean
}

/** What not all functions are told. */
export interface DriverFacts {
  /** By the name that the pipeline has for them. The executors are told too. */
  readonly outputs: Readonly<Record<string, StoredLocation>>
  /** It may be known to CloudFormation alone. */
  readonly generation: number
  /** The time-out of the driver, in seconds. */
  readonly timeoutS: number
  /** The names of the executors. */
  readonly executors: readonly string[]
  /** How many tasks the driver computes at the same time. */
  readonly threads: number
}

const meterVariables = ({ meter }: Pick<CommonFacts, 'meter'>): Readonly<Record<string, string>> =>
  meter ? { MILLRACE_METER: 'log' } : {}

/** The variables of intake. */
export const intakeVariables = (
  { table, blocks, triggers, sources, meter }: CommonFacts,
  { generation }: Pick<DriverFacts, 'generation'>,
): Readonly<Record<string, string>> => ({
  MILLRACE_TABLE: table,
  MILLRACE_BLOCKS: blocks,
  MILLRACE_TRIGGERS: triggers,
  MILLRACE_SOURCES: JSON.stringify(sources),
  MILLRACE_GENERATION: Tokenization.stringifyNumber(generation),
  ...meterVariables({ meter }),
})

/** The variables of the driver. */
export const driverVariables = (
  facts: CommonFacts,
  { outputs, generation, timeoutS, executors, threads }: DriverFacts,
): Readonly<Record<string, string>> => ({
  ...intakeVariables(facts, { generation }),
  MILLRACE_OUTPUTS: JSON.stringify(outputs),
  MILLRACE_TIMEOUT_S: String(timeoutS),
  ...(executors.length === 0 ? {} : { MILLRACE_EXECUTORS: JSON.stringify(executors) }),
  ...(threads === 1 ? {} : { MILLRACE_PARALLELISM: String(threads) }),
})

/** The variables of an executor. */
export const executorVariables = (
  { table, blocks, sources, meter }: CommonFacts,
  { outputs, generation }: Pick<DriverFacts, 'outputs' | 'generation'>,
): Readonly<Record<string, string>> => ({
  MILLRACE_TABLE: table,
  MILLRACE_BLOCKS: blocks,
  MILLRACE_SOURCES: JSON.stringify(sources),
  MILLRACE_OUTPUTS: JSON.stringify(outputs),
  MILLRACE_GENERATION: Tokenization.stringifyNumber(generation),
  ...meterVariables({ meter }),
})
