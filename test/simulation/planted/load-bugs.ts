import type { PlantedBug } from './bug.ts'

/** Bugs of how much a batch may take. */
export const loadBugs: readonly PlantedBug[] = [
  {
    name: 'growth without a bound',
    effect: 'a batch takes a hundred times what any before it took, and ends for want of memory',
    edits: [
      {
        file: 'lib/runtime/driver/load.ts',
        find: 'Math.min(paced, proven * GROWTH_MAX)',
        replace: 'paced',
      },
    ],
  },
  {
    name: 'growth of what was not taken',
    effect: 'limits that no batch has filled double with each batch',
    edits: [
      {
        file: 'lib/runtime/driver/load.ts',
        find: 'const proven = Math.min(last, weight)',
        replace: 'const proven = last',
      },
    ],
  },
  {
    name: 'a batch that died grows',
    effect: 'what had no memory or time for a batch takes twice as much with the next one',
    edits: [
      {
        file: 'lib/runtime/driver/load.ts',
        find: "if (attempts > 1) return { factor: 1, heldBy: 'time' }",
        replace: '',
      },
    ],
  },
  {
    name: 'limits that shrink below those of the pipeline',
    effect: 'slow batches get smaller and smaller, and the application stands still',
    edits: [
      {
        file: 'lib/runtime/driver/load.ts',
        find: 'Math.max(1, weight < 1 ? last / 2 : Math.min(last, paced))',
        replace: '(weight < 1 ? last / 2 : Math.min(last, paced))',
      },
    ],
  },
  {
    name: 'limits beyond the load',
    effect: 'a batch takes more than its limits',
    edits: [
      {
        file: 'lib/runtime/driver/load.ts',
        find: 'Math.floor(limits.records * factor)',
        replace: 'Math.ceil(2 * limits.records * factor)',
      },
    ],
  },
  {
    name: 'a deployment that keeps the load',
    effect: 'new code begins with batches that fit the pace of the old one',
    edits: [
      {
        file: 'lib/runtime/driver/adopt.ts',
        find: 'reason: undefined, load: undefined, } const answer = await runner.heads.swap(',
        replace: `reason: undefined,
    load: head.load,
  }
  const answer = await runner.heads.swap(`,
      },
    ],
  },
]
