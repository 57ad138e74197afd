import { batch, beforeRead, copy, type Group, put, remove, rename, write } from '../scenario.ts'
import { onlyDirectory } from './reasons.ts'

const RENAMES = { onRename: 'ignore' } as const
const RENAMED = 'says: 1 left out: renamed'
const DAYS = { directory: 'in/day-*', prefix: 'in/day-' }

export const renames: Group = {
  title: 'Renamed',
  scenarios: [
    {
      name: 'renamed after it was read',
      steps: [put('in/a'), batch, rename('in/a', 'in/b'), batch],
      expected: 'a ×2',
    },
    {
      name: 'renamed before it is read',
      steps: [put('in/a'), rename('in/a', 'in/b'), batch],
      expected: { all: 'a', bucket: 'a; says: `a`: it no longer exists', versions: 'a ×2' },
    },
    {
      name: "renamed after it was read, `onRename: 'ignore'`",
      options: RENAMES,
      steps: [put('in/a'), batch, rename('in/a', 'in/b'), batch, batch],
      expected: `a; ${RENAMED}`,
    },
    {
      name: "renamed twice, `onRename: 'ignore'`",
      options: RENAMES,
      steps: [put('in/a'), batch, rename('in/a', 'in/b'), batch, rename('in/b', 'in/c'), batch],
      expected: `a; ${RENAMED}`,
    },
    {
      name: "renamed before it is read, `onRename: 'ignore'`",
      options: RENAMES,
      steps: [put('in/a'), rename('in/a', 'in/b'), batch],
      expected: {
        all: 'a',
        bucket: 'a; says: `a`: it no longer exists',
        versions: `a; ${RENAMED}`,
      },
    },
    {
      name: "renamed while its batch begins to read, `onRename: 'ignore'`",
      options: RENAMES,
      steps: [put('in/a'), beforeRead(rename('in/a', 'in/b')), batch, batch],
      expected: {
        directory: 'a; says: `a`: it is missing since it was listed',
        bucket: 'a; says: `a`: it is missing since its batch was allocated',
        versions: `a; ${RENAMED}`,
      },
    },
    {
      name: "downloaded, uploaded under another name, and deleted, `onRename: 'ignore'`",
      options: RENAMES,
      steps: [write('in/a', 'same'), batch, write('in/b', 'same'), remove('in/a'), batch],
      expected: { directory: 'same ×2', bucket: `same; ${RENAMED}` },
    },
    {
      name: "two files with the same content, `onRename: 'ignore'`",
      options: RENAMES,
      steps: [write('in/a', 'same'), write('in/b', 'same'), batch, write('in/c', 'same'), batch],
      expected: 'same ×3',
    },
    {
      name: "copied after it was read, `onRename: 'ignore'`",
      options: RENAMES,
      steps: [put('in/a'), batch, copy('in/a', 'in/b'), batch],
      expected: { directory: 'a ×2', bucket: `a; ${RENAMED}` },
    },
    {
      name: "renamed over a file that was read, `onRename: 'ignore'`",
      options: { ...RENAMES, onOverwrite: 'new' },
      steps: [put('in/a'), put('in/b'), batch, rename('in/a', 'in/b'), batch],
      expected: `a, b; ${RENAMED}`,
    },
    {
      name: "another file under the old name, `onRename: 'ignore'`",
      options: { ...RENAMES, onOverwrite: 'new' },
      steps: [put('in/a'), batch, rename('in/a', 'in/b'), write('in/a', 'new'), batch],
      expected: `a, new; ${RENAMED}`,
    },
    {
      name: 'moved in',
      steps: [put('out/a'), batch, rename('out/a', 'in/a'), batch],
      expected: 'a',
    },
    {
      name: 'moved out before it is read',
      steps: [put('in/a'), rename('in/a', 'out/a'), batch],
      expected: {
        directory: 'nothing',
        bucket: 'nothing; says: `a`: it no longer exists',
        versions: 'a',
      },
    },
    {
      name: 'moved out, and in again',
      steps: [put('in/a'), batch, rename('in/a', 'out/a'), batch, rename('out/a', 'in/a'), batch],
      expected: { directory: 'a', bucket: 'a ×2' },
    },
    {
      name: 'copied after it was read',
      steps: [put('in/a'), batch, copy('in/a', 'in/b'), batch],
      expected: 'a ×2',
    },
    {
      name: 'a directory is renamed into the pattern `in/day-*`',
      watch: DAYS,
      steps: [put('in/new/a'), batch, rename('in/new', 'in/day-1'), batch],
      expected: 'a',
      except: onlyDirectory('a bucket has no directories: each object is copied'),
    },
    {
      name: 'a file moves from one directory of the pattern `in/day-*` to another',
      watch: DAYS,
      steps: [
        put('in/day-1/a'),
        put('in/day-2/b'),
        batch,
        rename('in/day-1/a', 'in/day-2/a'),
        batch,
      ],
      expected: 'a ×2, b',
    },
    {
      name: "a file moves between directories of the pattern, `onRename: 'ignore'`",
      watch: DAYS,
      options: RENAMES,
      steps: [
        put('in/day-1/a'),
        put('in/day-2/b'),
        batch,
        rename('in/day-1/a', 'in/day-2/a'),
        batch,
      ],
      expected: `a, b; ${RENAMED}`,
    },
  ],
}
