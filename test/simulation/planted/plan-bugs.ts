import type { PlantedBug } from './bug.ts'

const FIT = 'lib/runtime/driver/plan-fit.ts'

/** Bugs of plans that differ from what is stored. */
export const planBugs: readonly PlantedBug[] = [
  {
    name: 'layout not compared at an equal generation',
    pipeline: 'idle-keys',
    effect: 'a plan without a timeout takes the times of last use for part of the states',
    edits: [
      {
        file: 'lib/dstream/plan.ts',
        find: '[id, form, partitions, layout]',
        replace: '[id, form, partitions]',
      },
      {
        file: 'lib/state/operator/state-declaration.ts',
        find: 'stored.layout === now.layout &&',
        replace: '',
      },
    ],
  },
  {
    name: 'waiting records of a removed source ignored',
    effect: 'a plan whose sources have other names is adopted, and what waits is in no batch',
    edits: [
      {
        file: FIT,
        find: '...unread.filter(({ isBound }) => !isBound).map(unreadText),',
        replace: '',
      },
      { file: FIT, find: '...inputConflicts(manifest.inputs ?? {}, inputsOf(plan)),', replace: '' },
    ],
  },
  {
    name: 'layout of windows ignored',
    pipeline: 'windows',
    effect: 'a plan with a longer batch interval is adopted',
    edits: [{ file: FIT, find: '...states.conflicts,', replace: '' }],
  },
  {
    name: 'records taken for a plan that is refused',
    effect: 'they are acknowledged under names that no running plan has',
    edits: [
      {
        file: 'lib/runtime/intake/intake-handler.ts',
        find: 'await known.check(appends.map(({ source }) => source))',
        replace: '',
      },
    ],
  },
  {
    name: 'carried state not written whole',
    pipeline: 'idle-keys',
    effect: 'the store has segments of two layouts under one name',
    edits: [
      {
        file: 'lib/state/state-partition.ts',
        find: 'const kind = log.mergeAfter(delta.byteLength, this.#timeMs)',
        replace: "const kind = isMoved ? 'none' : log.mergeAfter(delta.byteLength, this.#timeMs)",
      },
    ],
  },
  {
    name: 'a source given up in the head alone',
    effect: 'the next batch takes what was given up, and its blocks are deleted',
    edits: [
      {
        file: 'lib/runtime/operations/skip-source.ts',
        find: 'offsets: { ...before.offsets, [source]: after },',
        replace: 'offsets: before.offsets,',
      },
    ],
  },
]
