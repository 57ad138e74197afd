/**
 * Executors that are Lambda functions. Each is invoked with one task at a time, and has at most one
 * environment, so that it stays warm.
 *
 * An invocation is never tried again here: the function may have run the task, and the driver does
 * not wait for an executor that is in trouble. There is one exception. A function goes on after its
 * call was aborted, or after its driver has died, until the task is done. Meanwhile its limit of
 * one refuses all calls. What is refused so has not run, and the function is soon free: so the call
 * is made again for some seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { InvokeCommand, LambdaClient, type TooManyRequestsException } from '@aws-sdk/client-lambda'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { Executors } from '../../ports/executors.ts'
import type { Meter } from '../../ports/meter.ts'
import { deniedError, errorName, isDenied } from './aws-errors.ts'
import { clientSettings, once } from './clients.ts'
import { noAnswer, packData, unpackAnswer } from './lambda-answers.ts'

/** Settings of {@link lambdaExecutors}. */
export interface LambdaExecutorsOptions {
  /** The names or ARNs of the functions. */
  readonly functions: readonly string[]
  /** Where the functions put large answers. Left out: there are none. */
  readonly blobs?: BlobStore | undefined
  /** Counts what the functions say that they have used. Left out: nothing is counted. */
  readonly meter?: Meter
  /** Default: the client of this process. */
  readonly client?: Pick<LambdaClient, 'send'>
  /** Waits between the calls of a busy function, in ms. Default: time passes. */
  readonly pause?: (durationMs: number, signal: AbortSignal) => Promise<unknown>
}

/** The waits for a function that is busy with a task that was given up: three seconds in all. */
const BUSY_PAUSES_MS: readonly number[] = [100, 200, 400, 800, 1_500]

/** No function runs for longer. The driver stops waiting earlier by itself: see `run`. */
const ANSWER_MS_MAX = 900_000

/** The client of Lambda of this process. */
export const lambdaClient: () => LambdaClient = once(
  () => new LambdaClient({ ...clientSettings(ANSWER_MS_MAX), maxAttempts: 1 }),
)

/**
 * Makes executors of functions.
 *
 * Errors of `run`: `EXECUTOR_LOST` (retryable), `ACCESS_DENIED`, `CREDENTIALS_MISSING`,
 * `STORE_FAILED`.
 *
 * @example
 * ```ts
 * const executors = lambdaExecutors({ functions: ['clicks-exec-0', 'clicks-exec-1'] })
 * ```
 */
export const lambdaExecutors = ({
  functions,
  blobs,
  meter,
  client = lambdaClient(),
  pause = (durationMs, signal) => sleep(durationMs, undefined, { signal }),
}: LambdaExecutorsOptions): Executors => ({
  count: functions.length,
  names: functions,
  tasksAtOnce: 1,
  async run(executor, request, signal, bytes): Promise<Uint8Array> {
    const name = functions[executor] ?? ''
    const { data, remove } = bytes === undefined ? NO_DATA : await packData(bytes, blobs, name)
    const command = new InvokeCommand({
      FunctionName: name,
      InvocationType: 'RequestResponse',
      Payload: Buffer.from(JSON.stringify({ ...request, data })),
    })
    try {
      const { FunctionError, Payload = new Uint8Array() } = await invoking(name, signal, () =>
        whenFree(
          () => client.send(command, { abortSignal: signal }),
          (durationMs) => pause(durationMs, signal),
        ),
      )
      if (FunctionError !== undefined) throw noAnswer(messageIn(Payload) ?? FunctionError, name)
      return await unpackAnswer(Payload, { name, blobs, meter })
    } finally {
      await remove()
    }
  },
})

const NO_DATA = { data: undefined, remove: async (): Promise<void> => undefined }

/** Makes a call again as long as its function is busy. */
const whenFree = async <T>(
  call: () => Promise<T>,
  pause: (durationMs: number) => Promise<unknown>,
): Promise<T> => {
  for (const pauseMs of BUSY_PAUSES_MS) {
    try {
      return await call()
    } catch (error) {
      if (!isBusy(error)) throw error
      await pause(pauseMs)
    }
  }
  return call()
}

/** Whether the limit of the function itself refused a call, and not one of the account. */
const isBusy = (error: unknown): boolean =>
  errorName(error) === THROTTLED &&
  (error as Partial<TooManyRequestsException>).Reason ===
    'ReservedFunctionConcurrentInvocationLimitExceeded'

const invoking = async <T>(
  name: string,
  signal: AbortSignal,
  invoke: () => Promise<T>,
): Promise<T> => {
  signal.throwIfAborted()
  try {
    return await invoke()
  } catch (error) {
    signal.throwIfAborted()
    if (isDenied(error))
      throw deniedError(error, { service: 'Lambda', action: 'lambda:InvokeFunction', place: name })
    throw noAnswer(reasonOf(error), name, error)
  }
}

const THROTTLED = 'TooManyRequestsException'
const BUSY = 'it is busy with another task, or the account has no concurrency left'

const reasonOf = (error: unknown): string => {
  if (errorName(error) === THROTTLED) return BUSY
  return error instanceof Error ? `${errorName(error)}: ${error.message}` : String(error)
}

/** What Lambda says of a function that threw, ran out of time, or ended. */
const messageIn = (payload: Uint8Array): string | undefined => {
  try {
    const { errorMessage } = JSON.parse(new TextDecoder().decode(payload)) as {
      readonly errorMessage?: unknown
    }
    return typeof errorMessage === 'string' ? errorMessage : undefined
  } catch {
    return undefined
  }
}
