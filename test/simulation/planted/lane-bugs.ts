import type { PlantedBug } from './bug.ts'

/** Bugs of intake, lanes and blocks. */
export const laneBugs: readonly PlantedBug[] = [
  {
    name: 'acknowledged before the append',
    effect: 'the stream goes on, and the records are nowhere when the process ends',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: 'const stored = await swapCounted(this.#parts, seen, next)\n',
        replace: `const before = seen
      void swapCounted(this.#parts, before, next).catch(() => undefined)
      if (next.tail !== "") return count
      const stored = await swapCounted(this.#parts, seen, next)
`,
      },
    ],
  },
  {
    name: 'partition named after its lane',
    effect: 'a process ends between the two, and no batch looks where the lane is',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: `if (seen === undefined)
          await withRetries(clock, () => this.#partitions.use(lane))
        `,
        replace: '',
      },
      {
        file: 'lib/runtime/intake/intake.ts',
        find: 'this.#lastWritten.set(lane, stored)\n        return count',
        replace: `this.#lastWritten.set(lane, stored)
        if (seen === undefined) await withRetries(clock, () => this.#partitions.use(lane))
        return count`,
      },
    ],
  },
  {
    name: 'redelivered records appended again',
    effect: 'records at or below the tail are stored a second time',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: `const fresh = delivery.records.filter(
          ({ position }) => isAfter(position, tail)
        )`,
        replace: 'const fresh = delivery.records',
      },
    ],
  },
  {
    name: 'append without its condition',
    effect: 'of two appends at once the later one loses the earlier one',
    edits: [
      {
        file: 'lib/state/lanes.ts',
        find: "seen === undefined ? 'absent' : { tail: seen.tail, by: seen.by },",
        replace: "seen === undefined ? 'absent' : {},",
      },
    ],
  },
  {
    name: 'dead letter after the append',
    pipeline: 'plain-lines',
    effect: 'a record that is no text is acknowledged and put aside nowhere',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: `if (tries === 1)
          await storeRejected(this.#parts, { lane, rejected, last: lastOf(delivery) }, nowMs)`,
        replace: '',
      },
      {
        file: 'lib/runtime/intake/intake.ts',
        find: 'this.#lastWritten.set(lane, stored) return count',
        replace: `this.#lastWritten.set(lane, stored)
        await storeRejected(this.#parts, { lane, rejected, last: lastOf(delivery) }, nowMs)
        return count`,
      },
    ],
  },
  {
    name: 'cap ignored',
    effect: 'a batch takes all that waits',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/waiting-lanes.ts',
        find: 'if (entriesTaken > 0 && (isOver || entriesTaken >= ENTRIES_MAX)) return all()',
        replace: 'if (isOver && entriesTaken >= ENTRIES_MAX) return all()',
      },
    ],
  },
  {
    name: 'lane swept before it is drained',
    effect: 'blocks that no batch has read are deleted',
    edits: [
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: '({ at }) => !isAfter(at, offset)',
        replace: '({ at }) => isAfter(at, offset)',
      },
    ],
  },
  {
    name: 'part of an entry taken again',
    effect: 'an offset that falls into a coalesced entry counts for nothing',
    edits: [
      {
        file: 'lib/state/lane-entries.ts',
        find: '[isAfter(entry.first, offset) ? entry : restOf(entry, offset)]',
        replace: `[isAfter(entry.first, offset) || restOf(entry, offset).last === ""
      ? entry
      : entry]`,
      },
    ],
  },
  {
    name: 'records read again not compared',
    pipeline: 'plain-lines',
    effect: 'a stream made anew gives other records at the same positions',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/lost-blocks.ts',
        find: 'if (agrees(records, ref)) return',
        replace: 'if (records.length > 0 || agrees(records, ref)) return',
      },
    ],
  },
  {
    name: 'head not woken',
    effect: 'intake leaves a head at rest to itself',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: "if (head.status !== 'rest') return\n",
        replace: 'return\n',
      },
    ],
  },
  {
    name: 'lineage lost over a shard without records',
    pipeline: 'key-order',
    effect: 'records of a key are taken out of order, when a stream is resharded quickly',
    edits: [
      {
        file: 'lib/runtime/intake/ancestors.ts',
        find: 'if (found === undefined) await visit(parent)',
        replace: 'if (found === null) await visit(parent)',
      },
    ],
  },
]
