/**
 * A partition of keyed state or of panes that another process has in its memory. This process
 * knows what is stored of it, and no more. The other process computes what a batch changes, and
 * names the segments; this one writes them and names them in the manifest. So all that is true
 * stays where it was: if the other process is gone, anyone loads the partition from the store.
 */
import { invariant } from '../base/errors.ts'
import type { Flushed, PartitionDraft } from './partition-draft.ts'
import type { NamedSegment } from './segments.ts'
import type { StoredPartition } from './stored-list.ts'

/** What a batch has made of the partition, in the other process. */
export interface MovedAway extends Flushed {
  /** The new segments. They are not written yet. */
  readonly segments: readonly NamedSegment[]
  /** See {@link PartitionDraft.isQuiet}. */
  readonly isQuiet: boolean
}

/** See the head of this file. */
export class AwayPartition {
  #stored: StoredPartition
  readonly #isPanes: boolean

  constructor(stored: StoredPartition, isPanes: boolean) {
    this.#stored = stored
    this.#isPanes = isPanes
  }

  /** What is stored, as of one manifest. */
  get stored(): StoredPartition {
    return this.#stored
  }

  /** See {@link PartitionDraft.isQuiet}, for a batch that does not move it. */
  get isQuiet(): boolean {
    return !this.#isPanes || this.#stored.count === 0
  }

  /** The batch is committed. */
  advance(stored: StoredPartition): void {
    this.#stored = stored
  }

  /** Starts a draft for one attempt at a batch. */
  draft(): AwayDraft {
    return new AwayDraft(this)
  }
}

/** The changes of one attempt. */
export class AwayDraft implements PartitionDraft {
  readonly #base: AwayPartition
  #moved: MovedAway | undefined

  constructor(base: AwayPartition) {
    this.#base = base
  }

  /** What is stored before the batch. */
  get before(): StoredPartition {
    return this.#base.stored
  }

  /** Takes what the other process has made. */
  take(moved: MovedAway): void {
    invariant('B3', this.#moved === undefined, 'a partition has moved twice in one attempt')
    this.#moved = moved
  }

  get isQuiet(): boolean {
    return this.#moved?.isQuiet ?? this.#base.isQuiet
  }

  flush(): Flushed {
    return this.#moved ?? { stored: this.before, retired: [] }
  }

  publish(): void {
    if (this.#moved !== undefined) this.#base.advance(this.#moved.stored)
  }
}
