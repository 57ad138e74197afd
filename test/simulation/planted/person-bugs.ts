import type { PlantedBug } from './bug.ts'

const REDRIVE = 'lib/runtime/dead-letters/redrive.ts'
const OPERATE = 'lib/runtime/operations/operate.ts'

/** Bugs of what persons do: giving back what was put aside, emptying state. */
export const personBugs: readonly PlantedBug[] = [
  {
    name: 'mark over a mark',
    pipeline: 'plain-lines',
    effect: 'two persons give the same record back',
    edits: [
      {
        file: REDRIVE,
        find: "store.compareAndSet(letter.reservationKey, 'absent', mark)",
        replace: 'store.put(letter.reservationKey, mark).then(() => ({ swapped: true as const }))',
      },
    ],
  },
  {
    name: 'mark removed with its letter',
    pipeline: 'plain-lines',
    effect: 'a letter that arrives once more is given back once more',
    edits: [
      {
        file: REDRIVE,
        find: 'letters.map(({ key }) => key)',
        replace: 'letters.flatMap(({ key, reservationKey }) => [key, reservationKey])',
      },
    ],
  },
  {
    name: 'letter removed before its record is in a lane',
    pipeline: 'plain-lines',
    effect: 'who is cut off between the two loses the record',
    edits: [
      {
        file: REDRIVE,
        find: '    for (const part of inParts(run)) await',
        replace: '    await this.#remove(run.flat())\n    for (const part of inParts(run)) await',
      },
    ],
  },
  {
    name: 'letters of attempts that were not committed given back',
    pipeline: 'plain-lines',
    effect: 'a record that the batch has counted is given back',
    edits: [
      {
        file: 'lib/state/dead-letter-reader.ts',
        find: '  if (epoch !== undefined && verdict !== undefined && verdict !== epoch) return undefined\n',
        replace: '',
      },
      {
        file: 'lib/state/dead-letter-reader.ts',
        find: 'isTrue: epoch === undefined || verdict === epoch',
        replace: 'isTrue: true',
      },
    ],
  },
  {
    name: 'marks out of their order',
    pipeline: 'plain-lines',
    effect: 'records behind one that is not seen are taken for given back',
    edits: [
      {
        file: REDRIVE,
        find: '  return end === -1 ? behind : behind.slice(0, end)\n',
        replace: '  return end === -1 ? behind : behind.toReversed().slice(0, 1)\n',
      },
      {
        file: REDRIVE,
        find: 'const mark = { lane: this.#lane, index: (this.#marked.get(letter.source) ?? 0) + 1 }',
        replace:
          'const mark = { lane: this.#lane, index: (this.#marked.get(letter.source) ?? 0) + 2 }',
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
        file: OPERATE,
        find: 'cuts, wakeMs: nowMs }, plan)',
        replace: 'cuts, startedMs: nowMs, wakeMs: nowMs }, plan)',
      },
    ],
  },
  {
    name: 'verdict replaced by a reset',
    pipeline: 'plain-lines',
    effect: 'what the last batch has put aside is nowhere to be found',
    edits: [
      {
        file: OPERATE,
        find: 'const verdict = plan === undefined ? before.letters : head.epoch + 1',
        replace: 'const verdict = plan === undefined ? head.epoch + 1 : head.epoch + 1',
      },
    ],
  },
  {
    name: 'batch given up under the lease of another',
    effect: 'what it writes is of a batch that is not',
    edits: [
      {
        file: OPERATE,
        find: 'if (!isLeaseHeld(head, sharedNow(store, clock), leaseMs)) return',
        replace: 'if (!isLeaseHeld(head, Infinity, leaseMs)) return',
      },
    ],
  },
]
