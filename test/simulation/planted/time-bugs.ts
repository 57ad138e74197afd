import type { PlantedBug } from './bug.ts'

const MAPPED = 'lib/dstream/operators/mapped-partition.ts'
const EXPIRING = 'lib/dstream/operators/expiring-state.ts'

/** Bugs of keys that end, of their timers, and of states that are divided anew. */
export const timeBugs: readonly PlantedBug[] = [
  {
    name: 'timers of keys not stored',
    pipeline: 'timed-keys',
    effect: 'a timer is lost with the process that has it in memory',
    edits: [
      {
        file: MAPPED,
        find: 'this.#form.store(shown, this.#view.timeMs)',
        replace: 'this.#form.store({ ...shown, timerMs: undefined }, this.#view.timeMs)',
      },
    ],
  },
  {
    name: 'rest without the timers of keys',
    pipeline: 'timed-keys',
    effect: 'the head rests, and nobody comes when the timer of a key is due',
    edits: [
      {
        file: MAPPED,
        find: '...(timers?.firstMs === undefined ? [] : [timers.firstMs]),',
        replace: '',
      },
    ],
  },
  {
    name: 'timer of a key that has ended before',
    pipeline: 'timed-keys',
    effect: 'what fires depends on when batches run',
    edits: [{ file: MAPPED, find: 'if (this.#endMs(key) < atMs) return', replace: '' }],
  },
  {
    name: 'timer that fires again',
    pipeline: 'timed-keys',
    effect: 'a timer that has fired is still in the state, and fires after a restart',
    edits: [
      {
        file: MAPPED,
        find: "this.#handle({ state }, 'timer')",
        replace: "this.#handle({ state, timerMs: atMs }, 'timer')",
      },
    ],
  },
  {
    name: 'state seen after its time to live',
    pipeline: 'timed-keys',
    effect: 'a record of a key that has ended goes on with its old state',
    edits: [{ file: EXPIRING, find: 'for (const [key] of gone) states.remove(key)', replace: '' }],
  },
  {
    name: 'time to live prolonged without records',
    pipeline: 'timed-keys',
    effect: 'a key never ends, since its function runs in every batch',
    edits: [
      {
        file: EXPIRING,
        find: 'this.#withRecords.has(key) ? undefined : this.#used.timeOf(key)',
        replace: 'undefined',
      },
    ],
  },
  {
    name: 'former panes forgotten',
    pipeline: 'divided-windows',
    effect: 'the second batch after a change of partitions has lost what the windows held',
    edits: [
      {
        file: 'lib/state/state-drafts.ts',
        find: 'return first.regrouped',
        replace: 'return undefined',
      },
    ],
  },
  {
    name: 'second change of partitions not noted',
    pipeline: 'divided-windows',
    effect: 'panes of the plan between are read as if they were of this one',
    edits: [
      {
        file: 'lib/state/live-state.ts',
        find: 'isChanged ? { untilMs: timeMs, partitions } : stored?.regrouped',
        replace: 'stored?.regrouped ?? (isChanged ? { untilMs: timeMs, partitions } : undefined)',
      },
    ],
  },
  {
    name: 'panes of a partition that is gone not read',
    pipeline: 'divided-windows',
    effect: 'fewer partitions have lost the keys of the others',
    edits: [
      {
        file: 'lib/state/former-panes.ts',
        find: 'const refs = lists.flatMap((list) => list.refs)',
        replace: 'const refs = lists.slice(0, regrouped.partitions).flatMap((list) => list.refs)',
      },
    ],
  },
  {
    name: 'keys divided as before',
    pipeline: 'timed-keys',
    effect: 'records of a key do not find the state that another plan has stored',
    edits: [
      {
        file: 'lib/state/carried-state.ts',
        find: 'moved[partitionOf(key, partitions)]?.move',
        replace: 'moved[partitionOf(key, stored.length) % partitions]?.move',
      },
    ],
  },
]
