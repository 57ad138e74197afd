/**
 * Executors that are Lambda functions. Each is invoked with one task at a time, and has at most one
 * environment, so that it stays warm.
 *
 * An invocation is never tried again here: the function may have run the task, and the driver does
 * not wait for an executor that is in trouble. A function goes on after its call was aborted, until
 * the task is done. Calls meanwhile are throttled, which counts as no answer too.
 */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { Executors } from '../../ports/executors.ts'
import { deniedError, errorName, isDenied } from './aws-errors.ts'
import { clientSettings, once } from './clients.ts'
import { noAnswer, unpackAnswer } from './lambda-answers.ts'

/** Settings of {@link lambdaExecutors}. */
export interface LambdaExecutorsOptions {
  /** The names or ARNs of the functions. */
  readonly functions: readonly string[]
  /** Where the functions put large answers. Left out: there are none. */
  readonly blobs?: BlobStore | undefined
  /** Default: the client of this process. */
  readonly client?: Pick<LambdaClient, 'send'>
}

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
  client = lambdaClient(),
}: LambdaExecutorsOptions): Executors => ({
  count: functions.length,
  tasksAtOnce: 1,
  async run(executor, request, signal): Promise<Uint8Array> {
    const name = functions[executor] ?? ''
    const { FunctionError, Payload = new Uint8Array() } = await invoking(name, signal, () =>
      client.send(
        new InvokeCommand({
          FunctionName: name,
          InvocationType: 'RequestResponse',
          Payload: Buffer.from(JSON.stringify(request)),
        }),
        { abortSignal: signal },
      ),
    )
    if (FunctionError !== undefined) throw noAnswer(messageIn(Payload) ?? FunctionError, name)
    return unpackAnswer(Payload, name, blobs)
  },
})

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

const BUSY = 'it is busy with another task, or the account has no concurrency left'

const reasonOf = (error: unknown): string => {
  if (errorName(error) === 'TooManyRequestsException') return BUSY
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
