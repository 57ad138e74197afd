import type { PlantedBug } from './bug.ts'

/** Bugs in the log of a state: its pages and its merges. */
export const logBugs: readonly PlantedBug[] = [
  {
    name: 'pages left out of what is reachable',
    effect: 'a sweep deletes a page, and a cold start does not find the segments that it names',
    edits: [
      {
        file: 'lib/state/manifest.ts',
        find: '(await allOrFirstError(lists)).flatMap(({ all }) => all)',
        replace: '(await allOrFirstError(lists)).flatMap(({ refs }) => refs)',
      },
    ],
  },
  {
    name: 'a page leaves with its first segment',
    effect: 'panes that a window still needs are gone after a cold start',
    test: 'test/unit/state/segment-list.test.ts',
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
        find: '...(isSwept ? [] : manifests), ...fallen]',
        replace: '...(isSwept ? [] : manifests), ...fallen, ...retired]',
      },
    ],
  },
  {
    name: 'a merge named before it is written',
    pipeline: 'word-totals',
    effect: 'the keys of the slices that are missing are gone after a cold start',
    edits: [
      {
        file: 'lib/state/large-merge.ts',
        find: 'this.#entries === undefined && this.#refs.length === this.#slices',
        replace: 'this.#refs.length > 0',
      },
    ],
  },
  {
    name: 'a merge in the place of deltas after it',
    pipeline: 'word-totals',
    effect: 'what batches changed while the merge ran is gone after a cold start',
    edits: [
      {
        file: 'lib/state/state-log.ts',
        find: 'this.#list.replace(0, covers, refs, namePage)',
        replace: 'this.#list.replace(0, this.#list.refs.length, refs, namePage)',
      },
    ],
  },
  {
    name: 'a merge that begins before its batch is in the map',
    pipeline: 'word-totals',
    effect: 'a key of the batch at which the merge begins is as it was before it',
    edits: [
      {
        file: 'lib/state/state-partition.ts',
        find: 'if (changes.size > 0) this.#change(changes)\n',
        replace: `if (typeof next?.merge === 'object') {
      const before = [...this.#map.codedEntries()]
      if (changes.size > 0) this.#change(changes)
      return this.#log.advance(next, () => before.values())
    }
    if (changes.size > 0) this.#change(changes)
`,
      },
    ],
  },
  {
    name: 'slices of a merge under the time of its batch',
    pipeline: 'word-totals',
    effect: 'a sweep takes them before or after a batch names them',
    edits: [
      {
        file: 'lib/state/state-log.ts',
        find: 'const name = { at: sortableTime(untilMs), by: ref.by }',
        replace: 'const name = { at: sortableTime(timeMs), by: ref.by }',
      },
    ],
  },
  {
    name: 'slices not waited for',
    test: 'test/unit/runtime/driver/merge-beside.test.ts',
    effect: 'a function answers while a slice is being written',
    edits: [
      {
        file: 'lib/runtime/driver/attempt.ts',
        find: 'mergeBeside(runner, before.state),',
        replace: 'void mergeBeside(runner, before.state).catch(() => undefined),',
      },
    ],
  },
]
