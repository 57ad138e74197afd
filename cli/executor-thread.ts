/** A thread of `millrace run`: it computes tasks of large batches. */
import { workerData } from 'node:worker_threads'
import { sqliteItemStore } from '../lib/adapters/local/sqlite-item-store.ts'
import { serveThread } from '../lib/adapters/local/thread-server.ts'
import { outputsLocator } from '../lib/runtime/bindings.ts'
import { composeServer } from '../lib/runtime/compose.ts'
import { encodeAnswer, refused, type ExecutorRequest } from '../lib/runtime/tasks/task-request.ts'
import { loadPipelineCode } from '../lib/tools/load-pipeline.ts'
import type { ThreadData } from './executor-threads.ts'
import { localPorts, localSources } from './local-ports.ts'

const { module, code, state, generation, isOnce, bindings, locations } = workerData as ThreadData

const { plan, code: ownCode } = await loadPipelineCode(module)
const store = sqliteItemStore({ directory: state, create: false })
const sources = localSources({ isOnce, bindings })
const ports = localPorts(store, { sources, printer: { print: () => undefined } })
const server = await composeServer({
  plan,
  generation,
  ports,
  locations,
  locateOutput: outputsLocator({ bindings, cwd: process.cwd(), sources, sinks: ports.sinks }),
  listen: () => undefined,
})

const answerOf = async (request: ExecutorRequest, data?: Uint8Array): Promise<Uint8Array> =>
  ownCode === code
    ? server.answer(request, data)
    : encodeAnswer(refused('differs', `${module} was changed since the run has started`))

serveThread((request, data) => answerOf(request as ExecutorRequest, data))
