import type { PlantedBug } from './bug.ts'

const SERVER = 'lib/runtime/tasks/state-server.ts'
const RUN = 'lib/runtime/driver/write-states.ts'

/** Bugs of windows and timers. */
export const windowBugs: readonly PlantedBug[] = [
  {
    name: 'fired timers not in the manifest',
    pipeline: 'inverse-windows',
    effect: 'a cold process does not know what has entered a window, and lets it enter again',
    edits: [
      {
        file: RUN,
        find: 'timers: drafts.timers,',
        replace: `timers: Object.fromEntries(
      Object.entries(drafts.timers).map(([id, { firedMs, ...due }]) => [id, due]),
    ),`,
      },
    ],
  },
  {
    name: 'due timers not in the manifest',
    pipeline: 'idle-keys',
    effect: 'the head rests, and nobody comes when a key has been idle for too long',
    edits: [
      {
        file: RUN,
        find: 'timers: drafts.timers,',
        replace: `timers: Object.fromEntries(
      Object.entries(drafts.timers).map(([id, { dueMs, ...fired }]) => [id, fired]),
    ),`,
      },
    ],
  },
  {
    name: 'rest while a window holds something',
    pipeline: 'windows',
    effect: 'what is in a window stays there until something comes',
    edits: [
      {
        file: 'lib/state/pane-partition.ts',
        find: 'return this.#added === undefined && this.#base.times.length === 0',
        replace: 'return this.#added === undefined',
      },
    ],
  },
  {
    name: 'panes dropped a batch early',
    pipeline: 'windows',
    effect: 'a window lacks its oldest batch',
    edits: [
      {
        file: 'lib/dstream/operators/reduced-window.ts',
        find: 'panes.dropBefore(beginMs)\n',
        replace: 'panes.dropBefore(beginMs + span.paneMs + 1)\n',
      },
    ],
  },
  {
    name: 'values leave twice',
    pipeline: 'inverse-windows',
    effect: 'a pane is not dropped when it has left, and leaves again',
    edits: [
      {
        file: 'lib/dstream/operators/inverse-window.ts',
        find: 'panes.dropBefore(beginMs)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'panes in memory without the last batch',
    pipeline: 'divided-windows',
    effect: 'a window that an executor moves lacks what came with the last batch',
    edits: [
      {
        file: SERVER,
        find: 'draft.publish()',
        replace: 'if (draft instanceof StateDraft) draft.publish()',
      },
    ],
  },
  {
    name: 'time of the last window not sent',
    pipeline: 'divided-windows',
    effect: 'an executor does not know what has entered a window, and lets it enter again',
    edits: [
      {
        file: SERVER,
        find: 'firedMs,\n      isOnGrid,\n      watermark,\n      state:',
        replace: 'firedMs: undefined, isOnGrid, watermark, state:',
      },
    ],
  },
  {
    name: 'windows leave before their former panes',
    pipeline: 'divided-windows',
    effect: 'an executor does not see what other partitions hold of its keys',
    edits: [
      {
        file: 'lib/state/pane-partition.ts',
        find: 'return this.#former === undefined',
        replace: 'return true',
      },
    ],
  },
  {
    name: 'panes that have left stay named',
    pipeline: 'divided-windows',
    effect: 'a window is never empty, and the pipeline never rests',
    edits: [
      {
        file: 'lib/state/pane-partition.ts',
        find: 'this.#base.list.countBefore(this.#dropBeforeMs)',
        replace: '0',
      },
    ],
  },
]
