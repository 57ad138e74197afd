import type { Clock } from '../lib/ports/clock.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import type { ObjectStore } from '../lib/ports/object-store.ts'
import type { OutputFiles } from '../lib/ports/output-files.ts'
import type { Randomness } from '../lib/ports/randomness.ts'
import type { StreamReader } from '../lib/ports/stream-reader.ts'
import type { Trigger } from '../lib/runtime/driver/triggers.ts'

/** All that the functions need of the world. What gives a promise may be loaded when it is first asked for. */
export interface FunctionPorts {
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  /** Sends ticks to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
  /** The objects of a bucket. */
  readonly objectsIn: (bucket: string) => Promise<ObjectStore>
  /** The tree of outputs in a bucket. */
  readonly filesIn: (bucket: string) => Promise<OutputFiles>
  /** When the stream of this ARN was created, epoch milliseconds. */
  readonly streamCreatedMs: (streamArn: string) => Promise<number>
  readonly streamReader: () => Promise<StreamReader>
  /** Writes a line to the log. */
  readonly write: (line: string) => void
}
