import {
  blobAnswer,
  type FunctionAnswer,
  inlineAnswer,
  INLINE_BYTES_MAX,
} from '../lib/adapters/aws/lambda-answers.ts'
import { namePart } from '../lib/base/name-part.ts'
import type { Pipeline } from '../lib/dstream/stream.ts'
import { composeServer } from '../lib/runtime/compose.ts'
import { encodeAnswer, refused, type TaskRequest } from '../lib/runtime/tasks/task-request.ts'
import type { ExecutorEnvironment } from './executor-environment.ts'
import { jsonLog } from './log.ts'
import type { ExecutorPorts } from './ports.ts'

/** Computes a task for the driver. What goes wrong is in the answer. */
export type ExecutorFunction = (request: TaskRequest) => Promise<FunctionAnswer>

/** What an executor is composed of. Made once in a process, on its first task. */
export interface ExecutorParts {
  readonly pipeline: Pipeline
  readonly environment: ExecutorEnvironment
  readonly ports: ExecutorPorts
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
}: ExecutorParts): Promise<ExecutorFunction> => {
  const { generation, sources } = environment
  const { answers, randomness, write } = ports
  const log = jsonLog(write)
  const server = await composeServer({
    plan: pipeline.build(),
    generation,
    ports: { ...ports, sinks: {} },
    locations: sources,
    listen: log,
  })
  return async (request) => {
    const bytes = await server.answer(request)
    const { timeMs, epoch, node, index } = request
    log({ event: 'task', timeMs, epoch, node, index, bytes: bytes.byteLength })
    if (bytes.byteLength <= INLINE_BYTES_MAX) return inlineAnswer(bytes)
    if (answers !== undefined) return blobAnswer(bytes, answers, nameFor(request, randomness))
    const message = `a result of ${bytes.byteLength} bytes needs a bucket, and there is none`
    return inlineAnswer(encodeAnswer(refused('unsupported', message)))
  }
}

const nameFor = (
  { timeMs, epoch, node, side, number, index }: TaskRequest,
  randomness: ExecutorPorts['randomness'],
): string =>
  [timeMs, epoch, namePart(node), `${side}-${number}-${index}`, randomness.attemptId()].join('/')
