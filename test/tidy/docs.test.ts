/** The pages of the project: links, order, width, decisions, and the table of rooms. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Import, importsOf } from './imports.ts'
import { type Documents, strayPrograms } from './rules/documents.ts'
import {
  deadLinks,
  decisionBreaches,
  missingTests,
  unreachablePages,
  wideLines,
} from './rules/pages.ts'
import { roomOf, ROOMS } from './rules/rooms.ts'
import { type Findings, projectSources, root, type Source } from './source.ts'

const FOLDERS = ['docs', 'bench', 'test', 'lib', 'infra', 'functions', 'cli', 'examples', 'scripts']

const pagesBelow = (folder: string): readonly string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${folder}/${name.replaceAll(sep, '/')}`)
    : []

const paths = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...FOLDERS.flatMap(pagesBelow),
]
const project = projectSources()
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages: Documents = new Map(paths.map((path) => [path, read(path)]))
const exists = (path: string): boolean => existsSync(join(root, path))

const DECISIONS = 'docs/internals/decisions'
const SECTIONS = ['Context', 'Decision', 'Consequences']
const decision = (number: number, sections = SECTIONS): string =>
  [`# ${number}. Title ${number}`, ...sections.map((section) => `## ${section}`)].join('\n\n')

const LONG = 'word '.repeat(21)

interface Row {
  readonly rule: string
  readonly find: (documents: Documents) => Findings
  readonly planted: Readonly<Record<string, string>>
  readonly found: Findings
}

const rows: readonly Row[] = [
  {
    rule: 'every link leads to a file and a heading',
    find: (documents) => deadLinks(documents, exists),
    planted: {
      'docs/a.md': [
        '# First page',
        '[self](#first-page) [b](b.md) [same](b.md#b-and-c) [code](../lib/index.ts)',
        '[web](https://example.com/x.md) and `[no link](gone.md)`',
        '```\n[no link](gone.md)\n```',
        '[gone](gone.md) [up](../gone.ts)\n[no heading](b.md#c) [none](#second-page)',
      ].join('\n'),
      'docs/b.md': '## B, and C\n\n```sh\n# c\n```\n\n## B, and C\n\n[twice](#b-and-c-1)',
    },
    found: [
      'docs/a.md:7 there is no docs/gone.md',
      'docs/a.md:7 there is no gone.ts',
      'docs/a.md:8 docs/b.md has no heading #c',
      'docs/a.md:8 docs/a.md has no heading #second-page',
    ],
  },
  {
    rule: 'every page of docs/ is reached from docs/README.md',
    find: (documents) => unreachablePages(documents, 'docs/README.md', 'docs/'),
    planted: {
      'docs/README.md': '[a](a.md)',
      'docs/a.md': '[b](inside/b.md)',
      'docs/inside/b.md': '[a](../a.md)',
      'docs/inside/c.md': '[a](../a.md)',
      'README.md': '[c](docs/inside/c.md)',
    },
    found: ['docs/inside/c.md cannot be reached from docs/README.md'],
  },
  {
    rule: 'tests that tables of pages name are there',
    find: (documents) => missingTests(documents, (path) => (exists(path) ? read(path) : undefined)),
    planted: {
      'a.md': [
        '| a promise | `test/tidy/docs.test.ts`: a breach is seen |',
        '| a promise | `test/tidy/docs.test.ts`: no test has ' + 'this name |',
        '| | `test/gone.test.ts`: a breach is seen |',
      ].join('\n'),
    },
    found: [
      'a.md:2 names a test that is not in test/tidy/docs.test.ts',
      'a.md:3 names a test that is not in test/gone.test.ts',
    ],
  },
  {
    rule: 'pages are at most 100 columns wide',
    find: wideLines,
    planted: {
      'a.md': `${LONG}\n| ${LONG} |\n- https://example.com/${'x'.repeat(100)}\n${'é'.repeat(100)}`,
      'b.md': `\`\`\`sh\n${LONG}\n\`\`\``,
    },
    found: ['a.md:1 has 105 columns', 'b.md:2 has 105 columns'],
  },
  {
    rule: 'decisions have numbers without gaps, the same sections, and a line in the index',
    find: (documents) => decisionBreaches(DECISIONS, documents),
    planted: {
      [`${DECISIONS}/0001-a.md`]: decision(1),
      [`${DECISIONS}/0002-b.md`]: decision(2, ['Context', 'Looked at']),
      [`${DECISIONS}/0004-d.md`]: decision(4),
      [`${DECISIONS}/README.md`]: '1. [Title\n   1](0001-a.md)\n2. [Another](0002-b.md)',
    },
    found: [
      `${DECISIONS}/0002-b.md has the sections Context, Looked at, not ${SECTIONS.join(', ')}`,
      `${DECISIONS}/0002-b.md is not in the index under its number and title`,
      `${DECISIONS}/0004-d.md is not decision 3 by its name and its title`,
      `${DECISIONS}/0004-d.md is not in the index under its number and title`,
      `${DECISIONS}/README.md lists 2 of 3 decisions`,
    ],
  },
]

describe.each(rows)('$rule', ({ find, planted, found }) => {
  test('the project keeps it', () => expect(find(pages)).toEqual([]))
  test('a breach is seen', () => expect(find(new Map(Object.entries(planted)))).toEqual(found))
})

test('whole programs in all pages are the text of an example', () => {
  const examples = new Map(
    ['examples', 'examples/spark', 'test/examples'].flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => [`${folder}/${name}`, read(`${folder}/${name}`)] as const),
    ),
  )
  expect(strayPrograms(pages, examples)).toEqual([])
})

const ARCHITECTURE = 'docs/internals/architecture.md'
const OUTSIDE = new Set(['test', 'bench', 'scripts'])

/** Rows `| room | holds | may import |`. */
const roomsIn = (page: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    [...page.matchAll(/^\| `([\w/]+)` \| [^|]* \|([^|]*)\|$/gm)].map(
      ([, room = '', allowed = '']) => [
        room,
        allowed.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()])),
      ],
    ),
  )

/** What the table of rooms does not say of some imports, and rooms that it makes up. */
const roomTableBreaches = (page: string, imports: readonly Import[]): Findings => {
  const rooms = roomsIn(page)
  const real = new Set(imports.map(({ from }) => roomOf(from)).filter((room) => !OUTSIDE.has(room)))
  const missing = imports.flatMap(({ from, target }) => {
    const [room, other] = [roomOf(from), target === undefined ? undefined : roomOf(target)]
    const isSaid = other === undefined || other === room || rooms.get(room)?.includes(other)
    return OUTSIDE.has(room) || isSaid === true ? [] : [`${room} imports ${other}`]
  })
  const unknown = [...rooms].flatMap(([room, allowed]) => [room, ...allowed])
  return [
    ...new Set(missing),
    ...new Set(unknown.filter((room) => !real.has(room)).map((room) => `there is no room ${room}`)),
  ]
}

describe('the table of rooms in the page on architecture', () => {
  test('is the picture that the imports are held to', () =>
    expect(Object.fromEntries(roomsIn(read(ARCHITECTURE)))).toEqual(ROOMS))

  test('has all imports between rooms', () =>
    expect(roomTableBreaches(read(ARCHITECTURE), project.flatMap(importsOf))).toEqual([]))

  test('is seen to lack one', () => {
    const from = { place: '', specifier: '' }
    const table = '| `base` | words | |\n| `rdd` | batches | base |\n| `attic` | dust | base |'
    const imports = [
      { ...from, from: 'lib/base/a.ts', target: 'lib/rdd/b.ts' },
      { ...from, from: 'lib/rdd/b.ts', target: 'lib/base/a.ts' },
      { ...from, from: 'test/c.ts', target: 'lib/base/a.ts' },
    ]
    expect(roomTableBreaches(table, imports)).toEqual([
      'base imports rdd',
      'there is no room attic',
    ])
  })
})

/** Paths of pages that code names, and that are not there. */
const missingPages = (sources: readonly Pick<Source, 'path' | 'text'>[]): Findings =>
  sources
    .filter(({ path }) => !path.startsWith('test/tidy/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[\w/-]+\.md\b/g)].flatMap(([page], index, all) =>
        exists(page) || all.findIndex(([other]) => other === page) < index
          ? []
          : [`${path} names ${page}, which is not there`],
      ),
    )

describe('pages that code names are there', () => {
  test('the project keeps it', () => expect(missingPages(project)).toEqual([]))
  test('a breach is seen', () => {
    const text = '// See docs/errors.md, docs/gone.md and docs/gone.md.'
    expect(missingPages([{ path: 'lib/a.ts', text }])).toEqual([
      'lib/a.ts names docs/gone.md, which is not there',
    ])
  })
})
