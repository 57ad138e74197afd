import type { PlantedBug } from './bug.ts'

const CHOOSER = 'lib/runtime/sources/files/file-chooser.ts'
const TIMES = 'lib/runtime/sources/files/file-times.ts'
const LEDGER = 'lib/runtime/sources/files/ledger.ts'

/** Bugs of files that arrive in a directory. */
export const fileBugs: readonly PlantedBug[] = [
  {
    name: 'threshold follows the clock',
    pipeline: 'files-in-time',
    effect: 'a file that arrives while nothing runs is too old when a driver looks',
    edits: [
      {
        file: TIMES,
        find: 'if (backMs <= 0) return { threshold, judgedMs: undefined }',
        replace: `if (backMs <= 0) {
    const latestMs = nowMs - selection.rememberMs
    return { threshold: Math.max(threshold, latestMs), judgedMs: undefined }
  }`,
      },
    ],
  },
  {
    name: 'ledger in memory never read again',
    pipeline: 'files-in-time',
    effect: 'a process does not see what another one has taken',
    edits: [{ file: LEDGER, find: 'this.#count === count &&', replace: '' }],
  },
  {
    name: 'ledger in memory kept over the batch of another process',
    pipeline: 'files-in-time',
    effect: 'a process that retries a batch believes to know all batches before it',
    edits: [
      {
        file: CHOOSER,
        find: 'if (timeMs !== this.#chosenMs) this.#ledger.forgetAll()',
        replace: '',
      },
    ],
  },
  {
    name: 'ledger read from the last batch on',
    pipeline: 'files-in-time',
    effect: 'a cold start does not know the files of the window',
    edits: [
      {
        file: TIMES,
        find: 'Math.min(threshold, firstMs - selection.ignoredMs) - 1',
        replace: '(threshold > firstMs - selection.ignoredMs ? firstMs : firstMs - 1)',
      },
    ],
  },
]
