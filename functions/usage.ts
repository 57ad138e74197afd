/**
 * Logs what each invocation used, and its price, if the variable `MILLRACE_METER` is `log`.
 * Otherwise nothing is counted.
 */
import { countCalls } from '../lib/adapters/aws/clients.ts'
import { dollarsOf, type Usage } from '../lib/base/prices.ts'
import type { Clock } from '../lib/ports/clock.ts'
import { type Meter, usageMeter } from '../lib/ports/meter.ts'
import { invalidVariable, type Variables } from './environment.ts'
import { jsonLog } from './log.ts'
import type { FunctionPorts } from './ports.ts'

/** Runs one invocation. */
export type Invoke = <T>(call: () => Promise<T>) => Promise<T>

/** A driver whose usage goes into the history. */
export interface MeteredDriver {
  readonly invoke: Invoke
  /** What this process has used since the last call, with the time of the running invocation. */
  readonly takeUsage: () => Usage
}

const MB_PER_GB = 1_024
const MS_PER_S = 1_000

/**
 * Makes what runs the invocations of a process. Call it before the first client is created: only
 * later ones are counted.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the variable has another value.
 */
export const meteredInvocations = (
  variables: Variables,
  { clock, write }: { readonly clock: Clock; readonly write: FunctionPorts['write'] },
  also?: Meter,
): Invoke => {
  const wanted = variables['MILLRACE_METER']
  if (wanted === undefined) return (call) => call()
  if (wanted !== 'log') throw invalidVariable('MILLRACE_METER', wanted, 'log')
  const meter = usageMeter()
  countCalls(also === undefined ? meter : both(meter, also))
  const log = jsonLog(write)
  const gigabytes = Number(variables['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 0) / MB_PER_GB
  return async (call) => {
    const startMs = clock.now()
    try {
      return await call()
    } finally {
      meter.add('invocations', 1)
      meter.add('gigabyteSeconds', (gigabytes * (clock.now() - startMs)) / MS_PER_S)
      const usage = meter.take()
      log({ event: 'usage', dollars: dollarsOf(usage), ...usage })
    }
  }
}

const both = (one: Meter, other: Meter): Meter => ({
  add(kind, amount): void {
    one.add(kind, amount)
    other.add(kind, amount)
  },
})

/**
 * Makes what runs the invocations of a driver, and counts what they use for the history. Call it
 * before the first client is created: only later ones are counted.
 *
 * @throws MillraceError As {@link meteredInvocations}.
 */
export const meteredDriver = (
  variables: Variables,
  ports: { readonly clock: Clock; readonly write: FunctionPorts['write'] },
): MeteredDriver => {
  const { clock } = ports
  const meter = usageMeter()
  countCalls(meter)
  const logged = meteredInvocations(variables, ports, meter)
  const gigabytes = Number(variables['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 0) / MB_PER_GB
  // Until when the time of the running invocation is counted. Undefined: none runs.
  let countedMs: number | undefined
  const countTime = (): void => {
    if (countedMs === undefined) return
    const nowMs = clock.now()
    meter.add('gigabyteSeconds', (gigabytes * Math.max(0, nowMs - countedMs)) / MS_PER_S)
    countedMs = nowMs
  }
  return {
    takeUsage(): Usage {
      countTime()
      return meter.take()
    },
    invoke: (call) =>
      logged(async () => {
        countedMs = clock.now()
        meter.add('invocations', 1)
        try {
          return await call()
        } finally {
          countTime()
          countedMs = undefined
        }
      }),
  }
}
