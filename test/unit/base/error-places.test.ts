import { expect, test } from 'vitest'
import { callSite, placeOf, stackOf, thrownText } from '../../../lib/base/error-places.ts'
import { seconds, stream } from '../../../lib/index.ts'
import { root } from '../../tidy/source.ts'

const withStack = (...lines: readonly string[]): Error =>
  Object.assign(new Error('no'), { stack: ['Error: no', ...lines].join('\n') })

const own = `${root}/lib/rdd/steps.ts`

test.each<readonly [what: string, thrown: unknown, place: string | undefined]>([
  ['a function', withStack('    at f (/p/words.ts:5:40)'), '/p/words.ts:5:40'],
  ['without a name', withStack('    at /p/words.ts:5:40'), '/p/words.ts:5:40'],
  ['a URL', withStack('    at f (file:///p/my%20words.ts:5:40)'), '/p/my words.ts:5:40'],
  [
    'awaited',
    withStack('    at async Promise.all (index 0)', '    at async /p/a.ts:1:2'),
    '/p/a.ts:1:2',
  ],
  ['a method', withStack('    at new A.b [as c] (/p/a.ts:1:2)'), '/p/a.ts:1:2'],
  ['brackets in a path', withStack('    at f (/p (1)/a.ts:1:2)'), '/p (1)/a.ts:1:2'],
  [
    'Node',
    withStack('    at JSON.parse (<anonymous>)', '    at node:fs:1:2', '    at /p/a.ts:1:2'),
    '/p/a.ts:1:2',
  ],
  ['Millrace', withStack(`    at link (${own}:10:3)`, '    at /p/a.ts:1:2'), '/p/a.ts:1:2'],
  ['only Millrace', withStack(`    at link (${own}:10:3)`), undefined],
  [
    'a package',
    withStack('    at zod (/p/node_modules/zod/i.js:1:2)', '    at /p/a.ts:3:4'),
    '/p/a.ts:3:4',
  ],
  [
    'only a package',
    withStack('    at zod (/p/node_modules/zod/i.js:1:2)'),
    '/p/node_modules/zod/i.js:1:2',
  ],
  ['no stack', withStack(), undefined],
  ['a long message', new Error('z'.repeat(30_000)), expect.stringContaining('.test.ts:')],
  ['a frame in the message', new Error('a\n    at /b.ts:1:2'), expect.stringContaining('.test.ts')],
  ['a text', 'no', undefined],
  ['nothing', undefined, undefined],
  ['a stack that is no text', { stack: 1 }, undefined],
  [
    'a stack that throws',
    {
      get stack() {
        throw new Error('ha')
      },
    },
    undefined,
  ],
])('%s', (_, thrown, place) => {
  expect(placeOf(thrown)).toEqual(place)
})

test('a stack keeps five frames of the user, and each is cut', () => {
  const lines = Array.from(
    { length: 9 },
    (_, i) => `    at f${i} (/p/${'x'.repeat(400)}.ts:${i}:1)`,
  )
  const kept = stackOf(withStack(...lines))?.split('\n') ?? []
  expect(kept).toHaveLength(5)
  expect(kept.map((line) => line.length)).toEqual([300, 300, 300, 300, 300])
})

test('a stack of megabytes is not read to its end', () => {
  const long = withStack(...Array.from({ length: 100_000 }, () => '    at x'), '    at /p/a.ts:1:2')
  expect(placeOf(long)).toBeUndefined()
})

test('what was thrown is told with its place, once', () => {
  const error = withStack('    at f (/p/words.ts:5:40)')
  expect(thrownText(error)).toBe('Error: no\nat /p/words.ts:5:40')
  error.message = 'no\nat /p/words.ts:5:40'
  expect(thrownText(error)).toBe('Error: no\nat /p/words.ts:5:40')
})

test('the place of each cause is told', () => {
  const causes = ['c', 'b', 'a'].map((name) => withStack(`    at ${name} (/p/${name}.ts:1:2)`))
  const [c, b, a] = causes as [Error, Error, Error]
  a.cause = b
  b.cause = c
  c.cause = a
  expect(thrownText(a).split('\n').slice(-3)).toEqual([
    'at /p/a.ts:1:2',
    'caused at /p/b.ts:1:2',
    'caused at /p/c.ts:1:2',
  ])
})

test('a call knows its place', () => {
  const site = callSite()
  expect(site()).toMatch(/error-places\.test\.ts:\d+:\d+$/)
})

test('a plan knows where its operators are declared, and is the same when a line moves', () => {
  const first = stream('places', { batchInterval: seconds(1) }, (ssc) =>
    ssc.kinesisTextStream('lines').count().print(),
  ).build()
  const moved = stream('places', { batchInterval: seconds(1) }, (ssc) => {
    const lines = ssc.kinesisTextStream('lines')

    lines.count().print()
  }).build()
  const lineOf = (plan: typeof first): number =>
    Number(plan.nodes[1]?.declaredAt()?.split(':').at(-2))
  expect(moved.hash).toBe(first.hash)
  expect(lineOf(moved)).toBeGreaterThan(lineOf(first))
  expect(moved.nodes.map(({ declaredAt }) => declaredAt()?.split('/').at(-1))).toEqual(
    moved.nodes.map((): unknown => expect.stringMatching(/^error-places\.test\.ts:\d+:\d+$/)),
  )
})
