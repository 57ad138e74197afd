import type { PlantedBug } from './bug.ts'

const FILES = 'lib/dstream/operators/save-files.ts'
const ROLLS = 'lib/dstream/rolls.ts'

/** Bugs of outputs that collect batches. */
export const rolledBugs: readonly PlantedBug[] = [
  {
    name: 'waiting batches dropped before their file',
    pipeline: 'rolled-files',
    effect: 'a file lacks the batches before its last one',
    edits: [
      {
        file: FILES,
        find: 'panes.dropBefore(step.waiting.times[0] ?? batch.timeMs)',
        replace: 'panes.dropBefore(batch.timeMs)',
      },
    ],
  },
  {
    name: 'waiting batches kept after their file',
    pipeline: 'rolled-files',
    effect: 'a file is written again with what comes later',
    edits: [
      {
        file: FILES,
        find: 'panes.dropBefore(step.waiting.times[0] ?? batch.timeMs)',
        replace: '',
      },
    ],
  },
  {
    name: 'the batch that writes a file waits as well',
    pipeline: 'rolled-files',
    effect: 'its records are in two files',
    edits: [
      { file: FILES, find: 'if (isOpen) panes.put', replace: 'if (own.length > 0) panes.put' },
    ],
  },
  {
    name: 'no timer for waiting batches',
    pipeline: 'rolled-files',
    effect: 'the head rests, and nobody comes at the end of the period',
    edits: [
      {
        file: FILES,
        find: 'batch.timer.setDue(dueMs(step.waiting.times, rule, batch, stream.slideDuration))',
        replace: '',
      },
    ],
  },
  {
    name: 'bytes of earlier batches not counted',
    pipeline: 'rolled-files',
    effect: 'a file grows beyond its limit',
    edits: [
      {
        file: FILES,
        find: 'panes.put([step.waiting.bytes, own]',
        replace: 'panes.put([own.length, own]',
      },
    ],
  },
  {
    name: 'a late batch joins the period before',
    pipeline: 'rolled-files',
    effect: 'a file holds what came after its period',
    edits: [
      {
        file: ROLLS,
        find: 'endOf(last) === periodEndMs(timeMs, everyMs) &&',
        replace: '',
      },
    ],
  },
  {
    name: 'bytes of waiting batches kept in memory',
    pipeline: 'rolled-files',
    effect:
      'a cold process does not know how large the file is, and closes it later than a warm one',
    edits: [
      {
        file: FILES,
        find: 'const [bytes] = newestMs === undefined ? [0] : await panes.read(newestMs)',
        replace: `const known = panes.memo(() => new Map<number, number>())
      const bytes = newestMs === undefined ? 0 : (known.get(newestMs) ?? 0)
      known.set(batch.timeMs, bytes + own.length)`,
      },
    ],
  },
]
