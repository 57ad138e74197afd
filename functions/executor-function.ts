import {
  blobAnswer,
  type FunctionAnswer,
  inlineAnswer,
  INLINE_BYTES_MAX,
  unpackData,
} from '../lib/adapters/aws/lambda-answers.ts'
import { namePart } from '../lib/base/name-part.ts'
import type { Pipeline } from '../lib/dstream/stream.ts'
import { composeServer } from '../lib/runtime/compose.ts'
import { flushSpans } from '../lib/runtime/listening/process-spans.ts'
import { outputLocator } from '../lib/runtime/sinks/deployed.ts'
import {
  encodeAnswer,
  type ExecutorRequest,
  numberOf,
  refused,
} from '../lib/runtime/tasks/task-request.ts'
import type { UsageMeter } from '../lib/ports/meter.ts'
import type { ExecutorEnvironment } from './executor-environment.ts'
import { functionLog, type Invocation } from './log.ts'
import type { ExecutorPorts } from './ports.ts'

/** Computes a task for the driver. What goes wrong is in the answer. */
export type ExecutorFunction = (
  event: ExecutorEvent,
  context?: Partial<Invocation>,
) => Promise<FunctionAnswer>

/** A request of the driver, with the bytes that belong to it. */
export type ExecutorEvent = ExecutorRequest & { readonly data?: FunctionAnswer }

/** What an executor is composed of. Made once in a process, on its first task. */
export interface ExecutorParts {
  readonly pipeline: Pipeline
  readonly environment: ExecutorEnvironment
  readonly ports: ExecutorPorts
  /** Counts what this process uses: each answer says it. Default: nothing is counted. */
  readonly meter?: UsageMeter
}

/**
 * Composes an executor.
 *
 * @throws MillraceError `BINDING_MISSING`.
 */
export const executorFunction = async ({
  pipeline,
  environment,
  ports,
  meter,
}: ExecutorParts): Promise<ExecutorFunction> => {
  const { generation, sources, outputs } = environment
  const { answers, randomness, sinks, clock } = ports
  const plan = pipeline.build()
  const { log, invocation } = functionLog(ports, { app: pipeline.name, generation })
  const server = await invocation(undefined, () =>
    composeServer({
      plan,
      generation,
      ports,
      locations: sources,
      locateOutput: outputLocator(outputs, sinks),
      listen: log,
    }),
  )
  const packed = async (bytes: Uint8Array, request: ExecutorRequest): Promise<FunctionAnswer> => {
    if (bytes.byteLength <= INLINE_BYTES_MAX) return inlineAnswer(bytes)
    if (answers !== undefined) return blobAnswer(bytes, answers, nameFor(request, randomness))
    const message = `a result of ${bytes.byteLength} bytes needs a bucket, and there is none`
    return inlineAnswer(encodeAnswer(refused('unsupported', message)))
  }
  const answerTo = async ({ data, ...event }: ExecutorEvent): Promise<FunctionAnswer> => {
    const request = event as ExecutorRequest
    const bytes = await server.answer(request, data && (await unpackData(data, answers)))
    const { timeMs, epoch, node } = request
    log({ event: 'task', timeMs, epoch, node, index: numberOf(request), bytes: bytes.byteLength })
    const answer = await packed(bytes, request)
    await flushSpans({ plan, clock })
    return meter === undefined ? answer : { ...answer, usage: meter.take() }
  }
  return (event, context) => invocation(context, () => answerTo(event))
}

const nameFor = (request: ExecutorRequest, randomness: ExecutorPorts['randomness']): string =>
  [
    request.timeMs,
    request.epoch,
    namePart(request.node),
    numberOf(request),
    randomness.attemptId(),
  ].join('/')
