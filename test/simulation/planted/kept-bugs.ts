import type { PlantedBug } from './bug.ts'

const HAND_ON = 'lib/runtime/driver/hand-on.ts'
const KEEPER = 'lib/runtime/tasks/task-keeper.ts'
const STAGE = 'lib/runtime/tasks/stage-keeping.ts'

/** Bugs of batches that do not fit into an invocation, and of what is kept of their tasks. */
export const keptBugs: readonly PlantedBug[] = [
  {
    name: 'kept tasks of another deployment used',
    effect: 'one output is made by two versions of the code',
    edits: [
      {
        file: HAND_ON,
        find: 'kept.generation === generation && kept.plan === plan.hash',
        replace: 'kept.generation <= generation && kept.plan !== plan.name',
      },
    ],
  },
  {
    name: 'kept tasks not removed',
    effect: 'each batch that is handed on leaves something in the store for ever',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'const kept = logged.kept?.stages.map(keptRef) ?? []',
        replace: 'const kept: SegmentRef[] = logged.kept?.stages.slice(0, 0).map(keptRef) ?? []',
      },
      {
        file: 'lib/state/kept-tasks.ts',
        find: "LOGGED_BATCH_NODE = '@batch'",
        replace: "LOGGED_BATCH_NODE = '@batch#kept'",
      },
      {
        file: 'lib/runtime/driver/batch-input.ts',
        find: 'BATCH_INPUT_NODE: string = LOGGED_BATCH_NODE',
        replace: "BATCH_INPUT_NODE: string = LOGGED_BATCH_NODE.replace('#kept', '')",
      },
    ],
  },
  {
    name: 'progress not fenced',
    effect: 'a process that stood still brings back a batch that another one has taken over',
    edits: [
      {
        file: HAND_ON,
        find: `    head,
    MINE,
    next,`,
        replace: `    head,
    ['next'],
    MINE.length === 0 ? head : next,`,
      },
    ],
  },
  {
    name: 'kept tasks that run again',
    effect: 'their records count twice',
    edits: [
      {
        file: STAGE,
        find: 'this.#from = kept.tasks',
        replace: 'this.#from = kept.tasks - 1',
      },
    ],
  },
  {
    name: 'kept tasks without what they have put aside',
    effect: 'a bad record of an earlier invocation is nowhere',
    edits: [
      {
        file: STAGE,
        find: 'for (const one of answer.deadLetters) putAside(one)',
        replace: 'for (const one of answer.deadLetters.slice(0, 0)) putAside(one)',
      },
    ],
  },
  {
    name: 'batch handed on without progress',
    effect: 'a batch that never fits is handed on for ever, and nobody hears of it',
    edits: [
      {
        file: KEEPER,
        find: 'this.#isOver ||= this.hasProgress',
        replace: 'this.#isOver ||= this.hasProgress || this.isNearEnd',
      },
      {
        file: STAGE,
        find: 'keeper.isNearEnd && (taken > this.#from || keeper.hasProgress)',
        replace: 'keeper.isNearEnd && (taken >= this.#from || keeper.hasProgress)',
      },
    ],
  },
  {
    name: 'last segments written after the head',
    effect: 'a process that dies leaves a head that names what is not there',
    edits: [
      {
        file: HAND_ON,
        find: `  await allOrFirstError(
    segments.map((segment) => withRetries(clock, () => putSegment(store, segment))),
  )
`,
        replace: `  void allOrFirstError(
    segments.map((segment) => withRetries(clock, () => putSegment(store, segment))),
  ).catch(() => undefined)
`,
      },
    ],
  },
]
