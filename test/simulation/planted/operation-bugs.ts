import type { PlantedBug } from './bug.ts'

const REDRIVE = 'lib/runtime/dead-letters/redrive.ts'
const READER = 'lib/state/dead-letter-reader.ts'
const VIEW = 'lib/runtime/state/state-view.ts'
const IMPORT = 'lib/runtime/operations/import-state.ts'
const RESET = 'lib/runtime/operations/reset.ts'

/** Bugs of what operators do: redriving what was put aside, skipping a batch, resetting state. */
export const operationBugs: readonly PlantedBug[] = [
  {
    name: 'reservation over a reservation',
    pipeline: 'plain-lines',
    effect: 'two operators redrive the same record',
    edits: [
      {
        file: REDRIVE,
        find: "store.compareAndSet(deadLetter.reservationKey, 'absent', item)",
        replace: `store
        .put(deadLetter.reservationKey, item)
        .then(() => ({ swapped: true as const }))`,
      },
    ],
  },
  {
    name: 'reservation removed with its dead letter',
    pipeline: 'plain-lines',
    effect: 'a dead letter that arrives once more is redriven once more',
    edits: [
      {
        file: 'lib/runtime/dead-letters/remove.ts',
        find: 'const keys = [...apart.map(({ key }) => key), ...emptiedBlocks(ofBlocks)]',
        replace:
          'const keys = [...apart.flatMap(({ key, reservationKey }) => [key, reservationKey]), ' +
          '...emptiedBlocks(ofBlocks)]',
      },
    ],
  },
  {
    name: 'block deleted while one of its dead letters is reserved',
    pipeline: 'plain-lines',
    effect: 'the record of a redrive that is cut off is nowhere',
    edits: [
      {
        file: 'lib/runtime/dead-letters/remove.ts',
        find: 'if (block?.done.size === block?.size) emptied.set',
        replace: 'emptied.set',
      },
    ],
  },
  {
    name: 'dead letter removed before its record is in a lane',
    pipeline: 'plain-lines',
    effect: 'a redrive that is cut off between the two loses the record',
    edits: [
      {
        file: REDRIVE,
        find: 'for (const part of inParts(run)) await',
        replace: `await this.#remove(run.flat())
    for (const part of inParts(run)) await`,
      },
    ],
  },
  {
    name: 'dead letters of attempts that were not committed redriven',
    pipeline: 'plain-lines',
    effect: 'a record that the batch has counted is redriven',
    edits: [
      {
        file: READER,
        find: 'if (isOfOtherAttempt(marks, item)) return []\n',
        replace: '',
      },
      {
        file: READER,
        find: 'isTrue: epoch === undefined || marks.committedEpochs.get(timeMs) === epoch',
        replace: 'isTrue: true',
      },
    ],
  },
  {
    name: 'reservations out of their order',
    pipeline: 'plain-lines',
    effect: 'records after one that is not seen are taken for redriven',
    edits: [
      {
        file: REDRIVE,
        find: 'return end === -1 ? afterTail : afterTail.slice(0, end)\n',
        replace: 'return end === -1 ? afterTail : afterTail.toReversed().slice(0, 1)\n',
      },
      {
        file: REDRIVE,
        find: 'index: (this.#reserved.get(counter) ?? 0) + 1 }',
        replace: 'index: (this.#reserved.get(counter) ?? 0) + 2 }',
      },
    ],
  },
  {
    name: 'start moved by a reset',
    pipeline: 'uploads',
    effect:
      'what was uploaded before and is in no batch yet is taken for older than the application',
    edits: [
      {
        file: RESET,
        find: 'wakeMs: sharedNow(store, clock),',
        replace: 'startedMs: sharedNow(store, clock), wakeMs: sharedNow(store, clock),',
      },
    ],
  },
  {
    name: 'committed epoch replaced by a reset',
    pipeline: 'plain-lines',
    effect: 'what the last batch has put aside is nowhere to be found',
    edits: [
      {
        file: RESET,
        find: 'const epoch = input === undefined ? before.deadLetterEpoch : head.epoch + 1',
        replace: 'const epoch = head.epoch + 1',
      },
    ],
  },
  {
    name: 'batch skipped under the lease of another',
    effect: 'its holder writes outputs of a batch that did not happen',
    edits: [
      {
        file: 'lib/runtime/operations/operated.ts',
        find: 'if (!isLeaseHeld(head, sharedNow(store, clock), leaseMs)) return',
        replace: 'if (!isLeaseHeld(head, Infinity, leaseMs)) return',
      },
    ],
  },
  {
    name: 'reader that does not begin again',
    effect: 'a reader of state that is overtaken by batches fails',
    edits: [{ file: VIEW, find: 'if (!isMissing(error)) throw error', replace: 'throw error' }],
  },
  {
    name: 'reader that reads one partition after another',
    effect: 'a reader of state finds half of it, and the other half is deleted',
    edits: [
      {
        file: VIEW,
        find: 'this.#load(shown, part, async (ref) => takeFrom(segments, ref))',
        replace: 'this.#load(shown, part, (ref) => this.#segment(ref))',
      },
      {
        file: VIEW,
        find: 'refs.filter((ref) => !now.has(segmentId(ref))),',
        replace: 'refs.slice(0, 1),',
      },
    ],
  },
  {
    name: 'state imported over batches that have run',
    effect: 'what batches did since the state was read is lost',
    pipeline: 'word-totals',
    edits: [{ file: IMPORT, find: 'checkBatch(before, given)', replace: '' }],
  },
]
