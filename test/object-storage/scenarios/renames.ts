import { batch, copy, type Group, put, rename } from '../scenario.ts'
import { onlyDirectory } from './reasons.ts'

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
  ],
}
