/**
 * Logs what each invocation used, and its price, if the variable `MILLRACE_METER` is `log`.
 * Otherwise nothing is counted.
 */
import { countCalls } from '../lib/adapters/aws/clients.ts'
import { dollarsOf } from '../lib/base/prices.ts'
import type { Clock } from '../lib/ports/clock.ts'
import { usageMeter } from '../lib/ports/meter.ts'
import { invalidVariable, type Variables } from './environment.ts'
import { jsonLog } from './log.ts'
import type { FunctionPorts } from './ports.ts'

/** Runs one invocation. */
export type Invoke = <T>(call: () => Promise<T>) => Promise<T>

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
): Invoke => {
  const wanted = variables['MILLRACE_METER']
  if (wanted === undefined) return (call) => call()
  if (wanted !== 'log') throw invalidVariable('MILLRACE_METER', wanted, 'log')
  const meter = usageMeter()
  countCalls(meter)
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
