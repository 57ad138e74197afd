import { expect, test } from 'vitest'
import { directoryForm } from '../../../lib/runtime/directories.ts'

const CWD = '/home/app [v1]'

test.each<[uri: string, path: string, base: string]>([
  ['in', `${CWD}/in`, CWD],
  ['./in/a*', `${CWD}/in/a*`, CWD],
  ['../in', '/home/in', '/home'],
  ['.././../logs', '/logs', '/'],
  ['..', '/home', '/home'],
  ['.', CWD, CWD],
  ['..in', `${CWD}/..in`, CWD],
  ['.in', `${CWD}/.in`, CWD],
  ['/logs/a*', '/logs/a*', ''],
  ['file:///logs/a%20b', '/logs/a b', ''],
])('the directory %j: what it is, and which part of it is no pattern', (uri, path, base) => {
  expect(directoryForm.parse(uri, CWD)).toEqual({ kind: 'files', path, base, shown: uri })
})
