import type { PlantedBug } from './bug.ts'

/** Bugs of lanes that leave. */
export const leavingBugs: readonly PlantedBug[] = [
  {
    name: 'append that looks at the tail only',
    pipeline: 'plain-lines',
    effect: 'a process that saw a lane before it was emptied brings its old entries back',
    edits: [
      {
        file: 'lib/state/lanes.ts',
        find: 'tail: seen.tail, by: seen.by }',
        replace: 'tail: seen.tail }',
      },
    ],
  },
  {
    name: 'lane emptied while records wait in it',
    pipeline: 'plain-lines',
    effect: 'acknowledged records are in no batch',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/leaving.ts',
        find: 'if (offsets[lane.lane] !== lane.tail || nowMs',
        replace: 'if (offsets[lane.lane] === undefined || nowMs',
      },
    ],
  },
  {
    name: 'tail lost when a lane is emptied',
    pipeline: 'plain-lines',
    effect: 'records that are delivered again count twice',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/leaving.ts',
        find: 'entries: [], by,',
        replace: "entries: [], tail: '0', by,",
      },
    ],
  },
  {
    name: 'newer offset left out of a lane that had left',
    pipeline: 'plain-lines',
    effect: 'a lane that got records after all is read again from where it was emptied',
    edits: [
      {
        file: 'lib/runtime/driver/left-lanes.ts',
        find: 'left[lane] !== offset',
        replace: 'left[lane] === undefined',
      },
    ],
  },
]
