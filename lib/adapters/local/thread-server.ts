/** The other side of `threadExecutors`: a thread that answers tasks. */
import { parentPort } from 'node:worker_threads'
import type { AnswerMessage, TaskMessage } from './thread-executors.ts'

/**
 * Answers the tasks that this thread gets, with what `answer` gives. It must not reject.
 *
 * @example
 * ```ts
 * serveThread((request, data) => server.answer(request as TaskRequest, data))
 * ```
 */
export const serveThread = (
  answer: (request: object, data: Uint8Array | undefined) => Promise<Uint8Array>,
): void => {
  const reply = async ({ id, request, data }: TaskMessage): Promise<void> => {
    const bytes = await answer(request, data)
    // The bytes move to the other thread, if they are all that their buffer holds.
    const isWhole = bytes.byteLength === bytes.buffer.byteLength
    parentPort?.postMessage(
      { id, answer: bytes } satisfies AnswerMessage,
      isWhole ? [bytes.buffer as ArrayBuffer] : [],
    )
  }
  parentPort?.on('message', (message: TaskMessage) => void reply(message))
}
