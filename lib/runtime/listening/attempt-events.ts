/** Tells listeners of one attempt at a batch, in Spark's words. */
import { timeOf } from '../../base/time.ts'
import type {
  BatchInfo,
  OutputOperationInfo,
  StreamInputInfo,
} from '../../dstream/listening/streaming-listener.ts'
import type { BatchInput } from '../driver/batch-input.ts'
import { noteInput } from '../sources/redriven.ts'
import type { InputNote } from '../sources/source-kind.ts'
import type { OutputListener } from '../tasks/batch-trace.ts'
import type { ListenerBus } from './listener-bus.ts'

/** An attempt. */
export interface ToldAttempt {
  readonly input: BatchInput
  readonly number: number
  readonly startedMs: number
}

/** See the head of this file. Without listeners it does nothing. */
export class AttemptEvents implements OutputListener {
  readonly #bus: ListenerBus | undefined
  readonly #attempt: ToldAttempt
  readonly #outputs = new Map<number, OutputOperationInfo>()

  constructor(bus: ListenerBus | undefined, attempt: ToldAttempt) {
    this.#bus = bus
    this.#attempt = attempt
  }

  /** The batch is logged, and begins. */
  begun(): void {
    const { startedMs } = this.#attempt
    this.#bus?.tell('onBatchSubmitted', () => ({ batchInfo: this.#info({}) }))
    this.#bus?.tell('onBatchStarted', () => ({ batchInfo: this.#info({ startedMs }) }))
  }

  /**
   * The batch is committed, or the attempt has failed. `counts`: how many records were read of each
   * source, by its id.
   */
  ended({
    counts,
    failureReason,
  }: {
    readonly counts?: Readonly<Record<string, number>>
    readonly failureReason?: string
  }): void {
    const { startedMs } = this.#attempt
    this.#bus?.tell('onBatchCompleted', () => ({
      batchInfo: {
        ...this.#info({ startedMs, endedMs: this.#bus?.nowMs ?? startedMs, counts }),
        ...(failureReason === undefined ? {} : { failureReason }),
      },
    }))
  }

  outputStarted(id: string, startTime: number): void {
    this.#bus?.tell('onOutputOperationStarted', () => ({
      outputOperationInfo: this.#outputInfo(id, { startTime }),
    }))
  }

  outputEnded(id: string, startTime: number, endTime: number, error?: unknown): void {
    this.#bus?.tell('onOutputOperationCompleted', () => ({
      outputOperationInfo: this.#outputInfo(id, {
        startTime,
        endTime,
        duration: endTime - startTime,
        ...(error === undefined ? {} : { failureReason: reasonOf(error) }),
      }),
    }))
  }

  #outputInfo(
    name: string,
    times: Omit<OutputOperationInfo, 'batchTime' | 'id' | 'name' | 'description'>,
  ): OutputOperationInfo {
    const outputs = this.#bus?.plan.outputs ?? []
    const id = outputs.findIndex((planned) => planned.id === name)
    const description = outputs[id]?.declaredAt?.() ?? ''
    const batchTime = timeOf(this.#attempt.input.timeMs)
    const info: OutputOperationInfo = { batchTime, id, name, description, ...times }
    this.#outputs.set(id, info)
    return info
  }

  #info({
    startedMs,
    endedMs,
    counts,
  }: {
    readonly startedMs?: number
    readonly endedMs?: number
    readonly counts?: Readonly<Record<string, number>> | undefined
  }): BatchInfo {
    const { input, number: attempt, startedMs: beganMs } = this.#attempt
    const { timeMs } = input
    const submissionTime = Math.min(timeMs, beganMs)
    const streamIdToInputInfo = this.#inputs(counts)
    const total = [...streamIdToInputInfo.values()]
    return {
      batchTime: timeOf(timeMs),
      attempt,
      streamIdToInputInfo,
      submissionTime,
      ...(startedMs === undefined
        ? {}
        : { processingStartTime: startedMs, schedulingDelay: startedMs - submissionTime }),
      ...(startedMs === undefined || endedMs === undefined
        ? {}
        : {
            processingEndTime: endedMs,
            processingDelay: endedMs - startedMs,
            totalDelay: endedMs - submissionTime,
          }),
      numRecords: total.reduce((sum, { numRecords }) => sum + numRecords, 0),
      outputOperationInfos: new Map(this.#outputs),
    }
  }

  #inputs(
    counts: Readonly<Record<string, number>> | undefined,
  ): ReadonlyMap<number, StreamInputInfo> {
    const { input, startedMs } = this.#attempt
    const infos = (this.#bus?.plan.sources ?? []).flatMap(({ id: name }, inputStreamId) => {
      const taken = input.sources[name]
      if (taken === undefined) return []
      const note = noteInput(taken, startedMs)
      const numRecords = counts?.[name] ?? taken.records
      const described = descriptionOf(note)
      const info: StreamInputInfo = {
        inputStreamId,
        name,
        numRecords,
        metadata: { ...note },
        ...(described === undefined ? {} : { metadataDescription: described }),
      }
      return [[inputStreamId, info] as const]
    })
    return new Map(infos)
  }
}

const descriptionOf = ({ lanes = [], names = [] }: InputNote): string | undefined => {
  const lines = [...lanes.map(({ lane, first, last }) => `${lane}: ${first} to ${last}`), ...names]
  return lines.length === 0 ? undefined : lines.join('\n')
}

/** The message of an error, and what the user's code has thrown. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { cause, message } = error
  const hasMore = cause instanceof Error && !message.includes(cause.message)
  return hasMore ? `${message}\n${cause.message}` : message
}
