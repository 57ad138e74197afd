import type { PlantedBug } from './bug.ts'

const SPREAD = 'lib/adapters/spread-files.ts'

/** Bugs of files in the directories of a table: B4. */
export const tableBugs: readonly PlantedBug[] = [
  {
    name: 'files of a table put in place before the commit',
    effect: 'a reader that lists finds rows of an attempt that is given up',
    pipeline: 'table-rows',
    edits: [
      {
        file: 'lib/adapters/object-sink.ts',
        find: 'return receiptOf({ parts, others, spreadTo })',
        replace: `const timeMs = Number(path.split('/').at(-1))
          const spread = { path, timeMs, fence, bundles: parts }
          if (spreadTo !== undefined)
            await spreadObjects(place, { ...spread, spreadTo }, { prefix, others })
          return receiptOf({ parts, others, spreadTo })`,
      },
    ],
  },
  {
    name: 'bundles removed before their files are there',
    effect: 'the rest of a table is lost with the process that puts it in place',
    pipeline: 'table-rows',
    edits: [
      {
        file: SPREAD,
        find: 'const bundle = unpackFiles(bytes)\n',
        replace: 'const bundle = unpackFiles(bytes)\n    await place.clear()\n',
      },
    ],
  },
  {
    name: 'files of several bundles under one name',
    effect: 'the file of a part takes the place of another one',
    pipeline: 'table-rows',
    edits: [
      {
        file: SPREAD,
        find: 'const name = partName(index).replace',
        replace: 'const name = partName(index - index).replace',
      },
    ],
  },
  {
    name: 'bundles under names that become free again',
    effect: 'who is late shows the rows of a dead attempt in the place of committed ones',
    test: 'test/contract/spread-kills.test.ts',
    edits: [
      {
        file: 'lib/adapters/object-sink.ts',
        find: 'const names = spreadTo === undefined ? [plain, own] : [own]',
        replace: 'const names = [plain, own]',
      },
    ],
  },
  {
    name: 'outputs that are done written by executors',
    effect: 'parts come to a place that nobody has looked at',
    pipeline: 'table-rows',
    edits: [
      {
        file: 'lib/runtime/tasks/batch-tasks.ts',
        find: 'if (stage.isHere === true || stage.count === 1 ||',
        replace: 'if (stage.count === 1 ||',
      },
    ],
  },
]
