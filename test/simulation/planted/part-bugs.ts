import type { PlantedBug } from './bug.ts'

/** Bugs of batches that are read part by part, and of the tasks that combine them. */
export const partBugs: readonly PlantedBug[] = [
  {
    name: 'a line that begins with its part is skipped',
    effect: 'the line belongs to no part of its file',
    pipeline: 'uploads',
    edits: [
      {
        file: 'lib/formats/line-range.ts',
        find: 'const begin = Math.max(0, from - 1)',
        replace: 'const begin = from',
      },
    ],
  },
  {
    name: 'a line counts where it ends',
    effect: 'a line that two parts share is in both of them',
    pipeline: 'files-in-time',
    edits: [
      {
        file: 'lib/formats/line-range.ts',
        find: 'const start = from === 0 ? 0 : begin + lineEnds(first)(0).next',
        replace: 'const start = from',
      },
    ],
  },
  {
    name: 'a retry that looks at no file',
    effect: 'a file that is gone makes each attempt fail, for ever',
    pipeline: 'uploads',
    edits: [
      {
        file: 'lib/runtime/sources/lazy-files.ts',
        find: '&& !parts.isRetry)',
        replace: '&& parts.isRetry !== undefined)',
      },
    ],
  },
  {
    name: 'a block that is lost while its batch runs is skipped',
    effect: 'the batch goes on without its records, and no input says so',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/read-input.ts',
        find: 'if (!seen.found) throw lostSince(one, reading.source, seen.reason)',
        replace: 'if (!seen.found) return () => ({ records: [], steps: [] })',
      },
    ],
  },
  {
    name: 'a retry that looks at no block',
    effect: 'a block that is lost makes each attempt fail, for ever',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/read-input.ts',
        find: 'reading.isRetry ? await',
        replace: 'reading.isRetry === undefined ? await',
      },
    ],
  },
  {
    name: 'reads that outlive their batch',
    effect: 'a function answers while what was read ahead is on its way',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'await lazyReads.ended()',
        replace: '',
      },
    ],
  },
  {
    name: 'the end of compressed data not checked',
    effect: 'a file that is cut off counts up to there',
    pipeline: 'uploads',
    edits: [
      {
        file: 'lib/formats/compressed-text.ts',
        find: 'yield* decompressor.end()',
        replace: '',
      },
    ],
  },
  {
    name: 'a task that is not dropped',
    effect: 'what a task has combined before a bad record counts twice',
    edits: [
      { file: 'lib/rdd/combine.ts', find: 'into.drop()', replace: 'await into.nextTask(pause)' },
    ],
  },
]
