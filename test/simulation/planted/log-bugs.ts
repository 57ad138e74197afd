import type { PlantedBug } from './bug.ts'

/** Bugs in the log of a state: its pages and its merges. */
export const logBugs: readonly PlantedBug[] = [
  {
    name: 'pages left out of what is reachable',
    effect: 'a sweep deletes a page, and a cold start does not find the segments that it names',
    edits: [
      {
        file: 'lib/state/manifest.ts',
        find: 'return (await allOrFirstError(lists)).flatMap(({ all }) => all)',
        replace: 'return (await allOrFirstError(lists)).flatMap(({ refs }) => refs)',
      },
    ],
  },
  {
    name: 'a page leaves with its first segment',
    effect: 'panes that a window still needs are gone after a cold start',
    edits: [
      {
        file: 'lib/state/segment-list.ts',
        find: 'skipped >= pages[0].refs.length',
        replace: 'skipped >= 1',
      },
    ],
  },
  {
    name: 'a small merge forgets removed keys',
    effect: 'a key that was removed has its old state again after a cold start',
    pipeline: 'idle-keys',
    edits: [
      {
        file: 'lib/state/state-partition.ts',
        find: 'const removed = keys.filter((key) => this.#storedNow(key) === REMOVED)',
        replace: 'const removed = keys.slice(0, 0)',
      },
    ],
  },
  {
    name: 'a small merge of the last deltas alone',
    effect: 'the keys of the deltas before are as they were before them, after a cold start',
    edits: [
      {
        file: 'lib/state/state-log.ts',
        find: 'for (const [key] of this.#recent?.codedEntries() ?? []) recent.set(key, true)',
        replace: '',
      },
    ],
  },
  {
    name: 'segments of a partition deleted with its commit',
    effect: 'a process that is one batch behind does not find what its manifest names',
    edits: [
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: 'this.#deletable = [...this.#deletable, ...manifests, ...fallen]',
        replace: 'this.#deletable = [...this.#deletable, ...manifests, ...fallen, ...retired]',
      },
    ],
  },
]
