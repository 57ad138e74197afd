import type { PlantedBug } from './bug.ts'

const GARBAGE = 'lib/runtime/driver/garbage.ts'

/** Bugs of what is kept for replays. */
export const replayBugs: readonly PlantedBug[] = [
  {
    name: 'blocks of replays deleted by name',
    effect: 'a batch of the kept time cannot be replayed',
    edits: [{ file: GARBAGE, find: 'isHeld ? retired', replace: 'isHeld && false ? retired' }],
  },
  {
    name: 'blocks of replays swept',
    effect: 'a batch of the kept time cannot be replayed after a cold start',
    edits: [
      {
        file: GARBAGE,
        find: 'keptForReplayMs === undefined) return',
        replace: 'keptForReplayMs !== -1) return',
      },
    ],
  },
  {
    name: 'a snapshot given up too early',
    effect: 'a replay cannot begin at the beginning of the kept time',
    edits: [
      {
        file: 'lib/state/snapshots.ts',
        find: 'spread.slice(0, last + 1)',
        replace: 'spread.slice(0, last)',
      },
    ],
  },
  {
    name: 'snapshots never given up',
    effect: 'the manifest and the store grow for ever',
    edits: [
      {
        file: 'lib/state/snapshots.ts',
        find: 'return last === -1 ? spread',
        replace: 'return last > -2 ? spread',
      },
    ],
  },
]
