import type { Item, ItemKey } from '../../../ports/item-store.ts'
import type { Fence } from '../../../ports/fence.ts'
import type { ExecutorRequest, TaskAnswer } from '../../../runtime/tasks/task-request.ts'
import type { Environment } from '../environment.ts'

/** One write of the store, as it takes effect. */
export interface StoreWrite {
  /** Undefined: the store itself removed an expired item. */
  readonly environment: Environment | undefined
  readonly key: ItemKey
  readonly before: Item | undefined
  /** Undefined: deleted. */
  readonly after: Item | undefined
}

/** One output of one attempt. */
export interface OutputWrite {
  readonly environment: Environment
  readonly path: string
  readonly parts: readonly Uint8Array[]
  readonly fence: Fence
}

/** A part of an output that a process begins to write. */
export interface PartWrite extends Pick<OutputWrite, 'environment' | 'path' | 'fence'> {
  readonly partition: number
  readonly bytes: Uint8Array
}

/** A task that an executor has answered. */
export interface AnsweredTask {
  readonly environment: Environment
  /** The hash of the executor's plan. */
  readonly plan: string
  readonly request: ExecutorRequest
  /** The bytes that belong to the request. */
  readonly data: Uint8Array | undefined
  readonly answer: TaskAnswer
}

/** Sees every effect at the moment it happens. */
export interface Observer {
  stored(write: StoreWrite): void
  /** A blob was written, or deleted where there are no bytes. */
  blobStored(name: string, bytes: Uint8Array | undefined, environment: Environment): void
  /** An item was read, or found not to be there. */
  read(key: ItemKey, item: Item | undefined, environment: Environment): void
  /** A conditional write that was refused. */
  refused(write: Omit<StoreWrite, 'before'>): void
  /** A process is about to send this number of triggers at once. */
  scheduling(triggers: number, environment: Environment): void
  /** A process begins to write a part of an output. */
  partWriting(write: PartWrite): void
  /** The driver lets other processes write parts of an output. */
  outputAdmitted(write: Pick<OutputWrite, 'path' | 'fence'>): void
  /** A process is about to finish an output. */
  outputting(write: OutputWrite): void
  /** It has finished the output, which is not published yet. */
  outputted(write: OutputWrite): void
  /** An object of an output was written or deleted. */
  outputChanged(key: string): void
  /** An executor answers, whether anybody still waits for it or not. */
  taskAnswered(task: AnsweredTask): void
}
