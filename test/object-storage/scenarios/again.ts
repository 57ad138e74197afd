import { append, batch, beforeRead, type Group, put, remove, touch, write } from '../scenario.ts'
import { NO_APPEND, onlyDirectory } from './reasons.ts'

const CHANGED =
  'says: `a`: it changed after it was read. A file is read once, so write new text to a new file'

export const again: Group = {
  title: 'Written again, or deleted',
  scenarios: [
    {
      name: 'written again after it was read',
      steps: [write('in/a', 'one'), batch, write('in/a', 'two'), batch],
      expected: { directory: `one; ${CHANGED}`, bucket: 'one, two' },
    },
    {
      name: 'the same bytes, written again',
      steps: [write('in/a', 'one'), batch, write('in/a', 'one'), batch],
      expected: { directory: `one; ${CHANGED}`, bucket: 'one ×2' },
    },
    {
      name: 'the same bytes, written twice within a second',
      steps: [write('in/a', 'one'), write('in/a', 'one'), batch],
      expected: { all: 'one', versions: 'one ×2' },
    },
    {
      name: "written again, `onOverwrite: 'new'`",
      options: { onOverwrite: 'new' },
      steps: [write('in/a', 'one'), batch, write('in/a', 'two'), batch],
      expected: 'one, two',
    },
    {
      name: "written again, `onOverwrite: 'ignore'`",
      options: { onOverwrite: 'ignore' },
      steps: [write('in/a', 'one'), batch, write('in/a', 'two'), batch],
      expected: { directory: `one; ${CHANGED}`, bucket: 'one' },
    },
    {
      name: 'written again before it is read',
      steps: [write('in/a', 'one'), write('in/a', 'two'), batch],
      expected: { all: 'two', versions: 'one, two' },
    },
    {
      name: 'touched after it was read',
      steps: [put('in/a'), batch, touch('in/a'), batch],
      expected: { directory: `a; ${CHANGED}`, bucket: 'a ×2' },
    },
    {
      name: 'more added after it was read',
      steps: [put('in/a'), batch, append('in/a', 'more'), batch],
      expected: `a; ${CHANGED}`,
      except: onlyDirectory(NO_APPEND),
    },
    {
      name: 'deleted before its batch',
      steps: [put('in/a'), put('in/b'), remove('in/a'), batch],
      expected: { directory: 'b', bucket: 'b; says: `a`: it no longer exists', versions: 'a, b' },
    },
    {
      name: 'deleted while its batch begins to read',
      steps: [put('in/a'), beforeRead(remove('in/a')), batch],
      expected: {
        directory: 'nothing; says: `a`: it is missing since it was listed',
        bucket: 'nothing; says: `a`: it is missing since its batch was allocated',
        versions: 'a',
      },
    },
    {
      name: 'replaced while its batch begins to read',
      steps: [write('in/a', 'one'), beforeRead(write('in/a', 'two')), batch, batch],
      expected: {
        directory: 'two; says: `a`: it is replaced since it was listed',
        bucket: 'two; says: `a`: it is replaced since its batch was allocated',
        versions: 'one, two',
      },
    },
    {
      name: 'deleted, and a new one under its name',
      steps: [write('in/a', 'one'), batch, remove('in/a'), write('in/a', 'two'), batch],
      expected: { directory: `one; ${CHANGED}`, bucket: 'one, two' },
    },
  ],
}
