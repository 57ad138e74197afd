/**
 * Computes tasks for a driver, in a process that has the same plan and code.
 *
 * It builds the same RDDs over the same input, up to the stage of the task. What is after that
 * stage never runs here. Nothing is written but parts of outputs, in a stage that writes, under the
 * fence of the attempt that asks (B4). A server computes one task at a time. For the moves of
 * states see state-server.ts.
 */
import type { SpanStart } from '../../dstream/listening/tracer.ts'
import { givenRoots, stagePlaces } from '../../dstream/stages.ts'
import { AddsTable } from '../../rdd/adds/adds-table.ts'
import { type Stage, stageKey, type StageName } from '../../rdd/tasks.ts'
import type { OpenParts } from '../../rdd/write-target.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import { loadBatchInput } from '../driver/batch-input.ts'
import { type Reading, readRecords, type ReadRecords } from '../driver/read-records.ts'
import { useBroadcasts } from '../broadcasts.ts'
import { inSpan } from '../listening/process-spans.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import type { CountedPart } from '../sources/source-reader.ts'
import { packResult } from './columns.ts'
import { findStage, type StageBatch } from './find-stage.ts'
import { givenPartitions } from './given.ts'
import { pausesOf } from './pauses.ts'
import { StateServer } from './state-server.ts'
import {
  encodeAnswer,
  type ExecutorRequest,
  isStateRequest,
  numberOf,
  refused,
  type TaskAnswer,
  type TaskBatch,
  type TaskRequest,
} from './task-request.ts'

/** What a server needs of its process. */
export type TaskServerParts = Reading &
  Pick<Runner, 'app' | 'generation' | 'store' | 'taskBytes' | 'logSettings' | 'outputs'>

const NO_DATA = new Uint8Array()

const unknownStage = (expected: number, found: Stage | undefined): TaskAnswer =>
  refused('unknown', `expected ${expected} tasks, and there are ${found?.count}`)

/** A batch that was read. */
interface OpenBatch {
  readonly batch: TaskBatch
  readonly read: ReadRecords
  readonly stages: Map<string, Promise<Stage | undefined>>
}

/** See the head of this file. */
export class TaskServer {
  readonly #parts: TaskServerParts
  readonly #states: StateServer
  #open: Promise<OpenBatch> | undefined
  #openKey = ''
  #last: Promise<unknown> = Promise.resolve()
  /** What the current task has put aside, and the partitions that it has read. */
  #deadLetters: DeadLetter[] = []
  #counted: CountedPart[] = []
  /** What it has added to accumulators. Undefined: the plan has none. */
  readonly #adds: AddsTable | undefined

  constructor(parts: TaskServerParts) {
    this.#parts = parts
    this.#adds = parts.plan.accumulators === undefined ? undefined : new AddsTable()
    this.#states = new StateServer(parts)
  }

  /**
   * Computes a task. Never rejects: the answer says why there is no result. `data`: the bytes that
   * belong to the request.
   */
  answer(request: ExecutorRequest, data: Uint8Array = NO_DATA): Promise<Uint8Array> {
    const answered = this.#last.then(async () => {
      try {
        return encodeAnswer(await this.#traced(request, data))
      } catch (error) {
        return encodeAnswer(refused('failed', error))
      }
    })
    this.#last = answered
    return answered
  }

  /** In a span that continues that of the call. */
  #traced(request: ExecutorRequest, data: Uint8Array): Promise<TaskAnswer> {
    const { node, timeMs, generation, traceparent } = request
    const facts = {
      'millrace.app': request.app,
      'millrace.generation': generation,
      'millrace.batch.time': timeMs,
      'millrace.node': node,
      'millrace.task': numberOf(request),
    }
    const start = (): Omit<SpanStart, 'startMs'> => ({ kind: 'server', traceparent, facts })
    return inSpan(this.#parts, `task ${node}`, start, () => this.#answerTo(request, data))
  }

  async #answerTo(request: ExecutorRequest, data: Uint8Array): Promise<TaskAnswer> {
    const { app, generation, plan } = this.#parts
    const differs =
      request.app !== app || request.generation !== generation || request.plan !== plan.hash
    if (differs) return refused('differs', `this executor has generation ${generation}`)
    await useBroadcasts(this.#parts, request.broadcasts)
    if (isStateRequest(request)) return this.#states.move(request, data)
    return request.given === undefined
      ? this.#compute(request)
      : this.#computeGiven(request, request.given, data)
  }

  /** A task that begins with elements of the driver, and reads nothing. */
  async #computeGiven(request: TaskRequest, node: string, data: Uint8Array): Promise<TaskAnswer> {
    const { plan } = this.#parts
    const { timeMs, zeroMs, index, count } = request
    const given = { node, partitions: givenPartitions(data, request) }
    const settings = this.#settings(request)
    const batch = { plan, timeMs, zeroMs, records: new Map(), ...settings }
    const isKnown = givenRoots(plan).get(request.node) === node
    const stage = isKnown ? await findStage({ ...batch, given }, request) : undefined
    if (stage?.count !== count) return unknownStage(count, stage)
    this.#adds?.take()
    const result = packResult(stage.side, await stage.pack(index))
    return { kind: 'done', data: result, counted: [], deadLetters: [], adds: this.#adds?.take() }
  }

  async #compute(request: TaskRequest): Promise<TaskAnswer> {
    const open = await this.#openBatch(request)
    // Without what is gone, the other partitions would be in other tasks.
    if (open.read.found !== request.found)
      return refused('changed', 'it has not found what the driver has read')
    const stage = await this.#stageOf(open, request)
    if (stage?.count !== request.count) return unknownStage(request.count, stage)
    // What was put aside while the batch was opened is the driver's: it has opened it too.
    this.#deadLetters = []
    this.#counted = []
    this.#adds?.take()
    const data = packResult(stage.side, await this.#run(stage, request.index, open))
    const adds = this.#adds?.take()
    return { kind: 'done', data, counted: this.#counted, deadLetters: this.#deadLetters, adds }
  }

  /** No read outlives its task: this process may be frozen when it has answered. */
  async #run(stage: Stage, index: number, { read }: OpenBatch): Promise<unknown> {
    try {
      return await stage.pack(index)
    } finally {
      await read.lazyReads.ended()
    }
  }

  /** The batch with its records. The one before is forgotten: a driver has one at a time. */
  #openBatch(request: TaskRequest): Promise<OpenBatch> {
    const { timeMs, epoch, input } = request
    const key = JSON.stringify([timeMs, epoch, input])
    if (this.#openKey === key && this.#open !== undefined) return this.#open
    this.#openKey = key
    const opened = this.#read(request)
    this.#open = opened
    // What failed once is tried again with the next task.
    opened.catch(() => (this.#openKey = ''))
    return opened
  }

  async #read(request: TaskRequest): Promise<OpenBatch> {
    const { store, app, clock } = this.#parts
    const input = await withRetries(clock, () => loadBatchInput(store, app, request.input))
    const read = await readRecords(this.#parts, input, false, {
      putAside: (deadLetter) => this.#deadLetters.push(deadLetter),
      counted: (part) => this.#counted.push(part),
    })
    return { batch: request, read, stages: new Map() }
  }

  #stageOf(open: OpenBatch, name: StageName): Promise<Stage | undefined> {
    const key = stageKey(name)
    const found = open.stages.get(key) ?? this.#find(open, name)
    open.stages.set(key, found)
    return found
  }

  async #find({ batch, read }: OpenBatch, name: StageName): Promise<Stage | undefined> {
    const { plan } = this.#parts
    const places = stagePlaces(plan)
    if (!places.has(name.node) || places.get(name.node) !== undefined) return undefined
    const { timeMs, zeroMs } = batch
    const settings = this.#settings(batch)
    return findStage({ plan, timeMs, zeroMs, records: read.partitions, ...settings }, name)
  }

  #settings(
    batch: TaskBatch,
  ): Pick<StageBatch, 'pause' | 'taskBytes' | 'openParts' | 'adds' | 'watermarks'> {
    const { clock, taskBytes } = this.#parts
    const { watermarks = {} } = batch
    const pause = pausesOf(clock)
    return { pause, taskBytes, openParts: this.#openParts(batch), adds: this.#adds, watermarks }
  }

  /** Parts are only written here. The driver opens the batch, and finishes it. */
  #openParts({ app, generation, timeMs, epoch }: TaskBatch): OpenParts {
    const fence = { app, generation, epoch }
    return (target) => this.#parts.outputs.openParts(target, { timeMs, fence }, () => undefined)
  }
}
