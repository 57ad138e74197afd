import type { PlantedBug } from './bug.ts'

const TABLE = 'lib/rdd/adds/adds-table.ts'
const pipeline = 'shared-values'

/** Bugs in accumulators and in broadcast values. */
export const sharedBugs: readonly PlantedBug[] = [
  {
    name: 'each evaluation adds',
    pipeline,
    effect: 'a line that two outputs compute counts twice',
    edits: [
      {
        file: TABLE,
        find: 'this.#placed.set(one.place, one)',
        replace: 'this.#placed.set(`${one.place}/${this.#placed.size}`, one)',
      },
    ],
  },
  {
    name: 'adds of executors forgotten',
    pipeline,
    effect: 'what a state in an executor has added is in no value',
    edits: [
      {
        file: 'lib/runtime/tasks/move-states.ts',
        find: 'for (const one of answer.adds ?? []) spread.adds?.put(one)',
        replace: '',
      },
    ],
  },
  {
    name: 'adds of outputs that are done forgotten',
    pipeline,
    effect: 'an output that is not called again has added nothing to the batch',
    edits: [
      {
        file: 'lib/runtime/tasks/execute.ts',
        find: 'for (const one of execution.outputsDone.adds) execution.adds?.put(one)',
        replace: '',
      },
    ],
  },
  {
    name: 'adds beside a bad record forgotten',
    pipeline,
    effect: 'a line in the same part as a bad one is not counted',
    edits: [
      {
        file: 'lib/rdd/by-record.ts',
        find: 'if (found === undefined) adding?.done(good)',
        replace: '',
      },
    ],
  },
  {
    name: 'a batch that is tried again loads anew',
    pipeline,
    effect: 'two attempts at a batch read other values',
    edits: [
      {
        file: 'lib/runtime/driver/with-broadcasts.ts',
        find: 'await useBroadcasts(runner, used.input.broadcasts)',
        replace: 'await useBroadcasts(runner, await refreshBroadcasts(runner, used.input.timeMs))',
      },
    ],
  },
  {
    name: 'broadcast values left out of what is reachable',
    pipeline,
    effect: 'a sweep deletes a value that the next batch uses',
    edits: [
      {
        file: 'lib/state/manifest.ts',
        find: 'return [...named, ...broadcastSegments(broadcasts)]',
        replace: 'return named.slice(broadcastSegments(broadcasts && {}).length)',
      },
    ],
  },
]
