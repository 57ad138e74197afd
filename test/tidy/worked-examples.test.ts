/**
 * The walkthroughs in CONTRIBUTING show the code of the project as it is. A line before each block
 * names a file, and the block stands in that file word for word. The code itself is compiled, run
 * and deployed by the tests of its kind.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './source.ts'

/** A block of code. `path`: the file that the line before it names. */
interface Block {
  readonly path: string | undefined
  readonly code: string
}

/** One section of a page, up to the next of its level. */
const sectionOf = (page: string, title: string): string => {
  const [, ...sections] = `\n${page}`.split('\n## ')
  return sections.find((section) => section.startsWith(`${title}\n`)) ?? ''
}

const blocksOf = (section: string): readonly Block[] =>
  [...section.matchAll(/(?:^`(?<path>[^`\n]+)`:\n\n)?^```ts\n(?<code>.*?)^```$/gms)].map(
    ({ groups = {} }) => ({ path: groups['path'], code: groups['code'] ?? '' }),
  )

const withoutSpaces = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** What is wrong with the blocks of a section. */
const breaches = (section: string, read: (path: string) => string | undefined): readonly string[] =>
  blocksOf(section).flatMap(({ path, code }) => {
    const [first = ''] = code.split('\n')
    if (path === undefined) return [`no file is named before the block that begins: ${first}`]
    const text = read(path)
    if (text === undefined) return [`there is no file ${path}`]
    const isThere = withoutSpaces(text).includes(withoutSpaces(code))
    return isThere ? [] : [`${path} does not hold the block that begins: ${first}`]
  })

const readFile = (path: string): string | undefined =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined

const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')

describe.each([
  ['Add a kind of source', ['lib/dstream/', 'lib/runtime/sources/', 'lib/testing/', 'infra/']],
  ['Add a kind of sink', ['lib/dstream/', 'lib/runtime/sinks/', 'lib/adapters/', 'infra/']],
])('%s', (title, rooms) => {
  test('shows the code of the project word for word', () => {
    expect(breaches(sectionOf(page, title), readFile)).toEqual([])
  })

  test('goes through every room that a kind is in', () => {
    const paths = blocksOf(sectionOf(page, title)).map(({ path = '' }) => path)
    for (const room of rooms) expect(paths).toContainEqual(expect.stringContaining(room))
  })
})

test('a block that is not in its file is found', () => {
  const files = new Map([['lib/a.ts', 'const a = {\n    b: 1,\n  }\nconst c = 2\n']])
  const block = (path: string, code: string): string => `${path}\`\`\`ts\n${code}\n\`\`\`\n\n`
  const section = [
    block('`lib/a.ts`:\n\n', 'const a = {\n  b: 1,\n}'),
    block('`lib/a.ts`:\n\n', 'const c = 3'),
    block('`lib/b.ts`:\n\n', 'const c = 2'),
    block('Some words.\n\n', 'const c = 2'),
  ].join('')
  expect(breaches(section, (path) => files.get(path))).toEqual([
    'lib/a.ts does not hold the block that begins: const c = 3',
    'there is no file lib/b.ts',
    'no file is named before the block that begins: const c = 2',
  ])
})
