/**
 * Executors of the driver as functions of their own: each has one environment with one processor,
 * and computes one task at a time. A call waits as an invocation does. Its request and its answer
 * pass as JSON, the bytes of the answer in base64.
 */
import type { Executors } from '../../lib/ports/executors.ts'
import type { TaskServer } from '../../lib/runtime/tasks/task-server.ts'
import type { TaskRequest } from '../../lib/runtime/tasks/task-request.ts'
import { Lambda, VCPU_MB } from './functions.ts'
import type { VirtualServices } from './services.ts'
import type { World } from './world.ts'

/** What Lambda lets through in a request or an answer. */
const PAYLOAD_BYTES_MAX = 6 * 1024 * 1024
const BASE64 = 4 / 3

/** What executors are made of. */
export interface VirtualExecutorsParts {
  readonly world: World
  readonly services: VirtualServices
  readonly count: number
  /** Composes a task server, in the environment of an executor. */
  readonly load: () => Promise<TaskServer>
}

/** Makes executors. Their processes have the role `executor`. */
export const virtualExecutors = (
  parts: VirtualExecutorsParts,
): Executors & { readonly settle: () => void } => {
  const { world, services, count, load } = parts
  const size = { role: 'executor', memoryMb: VCPU_MB, environmentsMax: 1 }
  const lambdas = Array.from({ length: count }, () => new Lambda({ world, services, size, load }))
  return {
    count,
    tasksAtOnce: 1,
    settle: () => {
      for (const one of lambdas) one.settle()
    },
    run(executor, request) {
      const driver = world.process
      const body = JSON.stringify(request)
      return new Promise((resolve, reject) => {
        // In a step of the driver, as the answer of a call.
        const end = (act: () => void): void => world.at(world.now(), act, driver)
        let answer = new Uint8Array()
        ;(lambdas[executor] as (typeof lambdas)[number]).invoke(
          async (server) => {
            const bytes = await server.answer(JSON.parse(body) as TaskRequest)
            answer = Buffer.from(Buffer.from(bytes).toString('base64'), 'base64')
          },
          ({ error }) => {
            if (error !== undefined)
              end(() => reject(new Error(`executor ${executor} failed`, { cause: error })))
            else if (answer.byteLength * BASE64 > PAYLOAD_BYTES_MAX)
              end(() => reject(new Error(`an answer has ${answer.byteLength} bytes`)))
            else end(() => resolve(answer))
          },
        )
      })
    },
  }
}
