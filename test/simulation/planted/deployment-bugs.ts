import type { PlantedBug } from './bug.ts'

const FILE = 'lib/runtime/generations.ts'

/** Bugs of the numbers of deployments. */
export const deploymentBugs: readonly PlantedBug[] = [
  {
    name: 'a deployment that is not counted',
    effect: 'a roll-back has the generation of what it replaces',
    edits: [
      {
        file: FILE,
        find: 'Math.max(numberIn(stored), head?.generation ?? 0) + 1',
        replace: 'Math.max(numberIn(stored), head?.generation ?? 1)',
      },
    ],
  },
  {
    name: 'a number taken without its condition',
    effect: 'a call that stood still sets the counter back, and the next deployment is no newer',
    edits: [
      {
        file: FILE,
        find: 'store.compareAndSet(key, seen, next)',
        replace: 'store.put(key, next).then(() => ({ swapped: true, current: undefined }))',
      },
    ],
  },
]
