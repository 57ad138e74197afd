/**
 * Counts what a function uses: its calls of AWS, its time and its log. Intake says it in its lanes,
 * an executor in its answers, and the driver in the history. If the variable `MILLRACE_METER` is
 * `log`, each invocation also logs what it used, and its price.
 */
import { countCalls } from '../lib/adapters/aws/clients.ts'
import { dollarsOf, type Usage } from '../lib/base/prices.ts'
import type { Clock } from '../lib/ports/clock.ts'
import { type Meter, type UsageMeter, usageMeter } from '../lib/ports/meter.ts'
import { invalidVariable, type Variables } from './environment.ts'
import { type Entry, functionLog, type Invocation, type LogParts } from './log.ts'
import type { FunctionPorts } from './ports.ts'

/** Runs one invocation. `event`: what the platform has called the function with. */
export type Invoke = <T>(
  event: unknown,
  call: () => Promise<T>,
  context?: Partial<Invocation>,
) => Promise<T>

/** What counting needs. `facts`: what the lines of usage say besides. */
export type MeteredParts = LogParts & { readonly clock: Clock; readonly facts?: Entry }

/** A function whose usage is counted. */
export interface MeteredFunction {
  readonly invoke: Invoke
  /** What is taken has the time of the running invocation up to now. */
  readonly meter: UsageMeter
  /** Writes a line to the log, and counts it. */
  readonly write: FunctionPorts['write']
}

const MB_PER_GB = 1_024
const MS_PER_S = 1_000
/** Lambda writes START, END and REPORT for each invocation. */
const PLATFORM_LOG_BYTES = 400
/** Lambda has fetched the messages of an invocation, and will delete them. */
const REQUESTS_PER_EVENT = 2

/**
 * Makes what runs the invocations of a process. Call it before the first client is created: only
 * later ones are counted.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the variable has another value.
 */
export const meteredFunction = (
  variables: Variables,
  { facts, ...ports }: MeteredParts,
): MeteredFunction => {
  const { clock, write } = ports
  const own = usageMeter()
  const logged = isLogged(variables) ? usageMeter() : undefined
  const meter = logged === undefined ? own : both(own, logged)
  countCalls(meter)
  const gigabytes = Number(variables['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 0) / MB_PER_GB
  // Until when the time of the running invocation is counted. Undefined: none runs.
  let countedMs: number | undefined
  const countTime = (): void => {
    if (countedMs === undefined) return
    const nowMs = clock.now()
    meter.add('gigabyteSeconds', (gigabytes * Math.max(0, nowMs - countedMs)) / MS_PER_S)
    countedMs = nowMs
  }
  const { log } = functionLog(ports, facts)
  const end = (context: Partial<Invocation> = {}): void => {
    countTime()
    countedMs = undefined
    if (logged === undefined) return
    const usage = logged.take()
    const { awsRequestId } = context
    const request = awsRequestId === undefined ? {} : { requestId: awsRequestId }
    log({ event: 'usage', ...request, dollars: dollarsOf(usage), ...usage })
  }
  return {
    invoke: async (event, call, context) => {
      countedMs = clock.now()
      meter.add('invocations', 1)
      meter.add('logBytes', PLATFORM_LOG_BYTES)
      if (isFromQueue(event)) meter.add('queueRequests', REQUESTS_PER_EVENT)
      try {
        return await call()
      } finally {
        end(context)
      }
    },
    meter: {
      add: (kind, amount) => own.add(kind, amount),
      take(): Usage {
        countTime()
        return own.take()
      },
    },
    write: (line) => {
      meter.add('logBytes', Buffer.byteLength(line) + 1)
      write(line)
    },
  }
}

const isLogged = ({ MILLRACE_METER: wanted }: Variables): boolean => {
  if (wanted !== undefined && wanted !== 'log')
    throw invalidVariable('MILLRACE_METER', wanted, 'log')
  return wanted === 'log'
}

const isFromQueue = (event: unknown): boolean => {
  const { Records: records } = event as { readonly Records?: unknown }
  const first: unknown = Array.isArray(records) ? records[0] : undefined
  return (first as { readonly eventSource?: unknown } | undefined)?.eventSource === 'aws:sqs'
}

const both = (one: Meter, other: Meter): Meter => ({
  add(kind, amount): void {
    one.add(kind, amount)
    other.add(kind, amount)
  },
})
