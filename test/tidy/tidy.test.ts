import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorCodes } from '../../lib/base/errors.ts'
import { fileCircles, roomCircles } from './rules/circles.ts'
import { deadFiles } from './rules/dead-files.ts'
import { missingProgram, strayPrograms, unexplainedCodes } from './rules/documents.ts'
import {
  barePages,
  defaultExports,
  deepSpreads,
  fileNames,
  longFiles,
  longFunctions,
  skippedTests,
  unfinished,
  wideLines,
} from './rules/habits.ts'
import { strayKinds } from './rules/kinds.ts'
import { machineBreaches } from './rules/machine.ts'
import {
  looseVersions,
  type Manifest,
  missingPackages,
  strayClients,
  undecidedPackages,
} from './rules/manifest.ts'
import { undocumented } from './rules/public-docs.ts'
import { roomBreaches } from './rules/rooms.ts'
import { type Findings, projectSources, root, type Source, sourcesOf } from './source.ts'

const read = (path: string): string =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : ''
const documentsIn = (folder: string, ending: string): ReadonlyMap<string, string> => {
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []
  return new Map(
    names
      .filter((name) => name.endsWith(ending))
      .map((name) => [join(folder, name), read(join(folder, name))]),
  )
}

const project = projectSources()
const manifest = JSON.parse(read('package.json')) as Manifest
const examples = new Map([
  ...documentsIn('examples', '.ts'),
  ...documentsIn('examples/spark', '.ts'),
  ...documentsIn('test/examples', '.ts'),
])
const decisions = documentsIn('docs/internals/decisions', '.md')
const documents = new Map([['README.md', read('README.md')], ...documentsIn('docs', '.md')])

/**
 * A rule over files, the planted files that break it (and some that do not), and what it finds in
 * them.
 */
interface SourceRow {
  readonly rule: string
  readonly find: (sources: readonly Source[]) => Findings
  readonly planted: Readonly<Record<string, string>>
  readonly found: Findings
}

const lines = (count: number): string => '\n// and one more'.repeat(count)

const sourceRows: readonly SourceRow[] = [
  {
    rule: 'no list is spread into the arguments of a call that takes any number of them',
    find: deepSpreads,
    planted: {
      'lib/rdd/a.ts': 'a.push(...b)\nMath.max(0, ...b)\na.push(b)\nf(...b)\nconst c = [...a, ...b]',
      'cli/b.ts': 'String.fromCharCode(...b)\na.splice(0, 1, ...b)\nnew Set([...a])',
      'test/c.ts': 'Math.min(...b)',
    },
    found: [
      'lib/rdd/a.ts:1 push(...) fills the stack: use a loop',
      'lib/rdd/a.ts:2 max(...) fills the stack: use a loop',
      'cli/b.ts:1 fromCharCode(...) fills the stack: use a loop',
      'cli/b.ts:2 splice(...) fills the stack: use a loop',
    ],
  },
  {
    rule: 'messages name no page by its path in the repository',
    find: barePages,
    planted: {
      'lib/rdd/a.ts': "// docs/errors.md\nconst a = 'see docs/errors.md'\nconst b = 'docs/ x.md'",
      'cli/b.ts': 'const c = `${d}, docs/internals/e-f.md`\nconst g = `https://h/docs/i.md`',
      'test/c.ts': "const j = 'docs/errors.md'",
    },
    found: [
      'lib/rdd/a.ts:2 a text names docs/errors.md: name millrace help instead',
      'cli/b.ts:1 a text names docs/internals/e-f.md: name millrace help instead',
    ],
  },
  {
    rule: 'imports between rooms go one way',
    find: roomBreaches,
    planted: {
      'lib/base/a.ts': `import { b } from '../rdd/b.ts'`,
      'lib/rdd/b.ts':
        `import { a } from '../base/a.ts'\n` + `export type { C } from '../dstream/operators/c.ts'`,
      'lib/dstream/operators/c.ts': `export type C = import('../../runtime/d.ts').D`,
      'lib/runtime/d.ts': `const e = await import('../adapters/local/e.ts')`,
      'lib/adapters/local/e.ts':
        `import { m } from '../memory/m.ts'\n` +
        `import { n } from '../names.ts'\n` +
        `import { a } from '../../base/a.ts'`,
      'lib/adapters/memory/m.ts': `import { e } from '../local/e.ts'`,
      'lib/testing/t.ts':
        `import { m } from '../adapters/memory/m.ts'\n` +
        `import { e } from '../adapters/local/e.ts'`,
      'lib/index.ts': `export { a } from './base/a.ts'\nexport { d } from './runtime/d.ts'`,
      'cli/main.ts':
        `import { d } from '../lib/runtime/d.ts'\n` + `import { t } from '../lib/testing/t.ts'`,
      'lib/attic/f.ts': `import { a } from '../base/a.ts'`,
      'examples/g.ts': `import { stream } from 'millrace'\nimport { add } from '../lib/index.ts'`,
      'test/h.test.ts': `import { d } from '../lib/runtime/d.ts'`,
    },
    found: [
      'lib/base/a.ts:1 base may not import rdd',
      'lib/rdd/b.ts:2 rdd may not import dstream',
      'lib/dstream/operators/c.ts:1 dstream may not import runtime',
      'lib/runtime/d.ts:1 runtime may not import adapters/local',
      'lib/adapters/memory/m.ts:1 adapters/memory may not import adapters/local',
      'lib/testing/t.ts:2 testing may not import adapters/local',
      'lib/index.ts:2 index may not import runtime',
      'cli/main.ts:2 cli may not import testing',
      'lib/attic/f.ts:1 attic is no room of the house: draw it in test/tidy/rules/rooms.ts ' +
        'and docs/internals/architecture.md',
      `examples/g.ts:2 an example imports what a user can, not '../lib/index.ts'`,
    ],
  },
  {
    rule: 'no file imports another in a circle, not even for a type',
    find: fileCircles,
    planted: {
      'lib/rdd/a.ts': `import { b } from './b.ts'`,
      'lib/rdd/b.ts': `import { c } from './c.ts'`,
      'lib/rdd/c.ts': `import { type A } from './a.ts'\nimport { d } from './d.ts'`,
      'lib/rdd/d.ts': `export const d = 1`,
    },
    found: ['a circle of files: lib/rdd/a.ts -> lib/rdd/b.ts -> lib/rdd/c.ts -> lib/rdd/a.ts'],
  },
  {
    rule: 'no room imports another in a circle',
    find: roomCircles,
    planted: {
      'lib/state/a.ts': `import { b } from '../runtime/b.ts'`,
      'lib/runtime/b.ts': `import { d } from './d.ts'`,
      'lib/runtime/c.ts': `import { d } from '../state/d.ts'`,
    },
    found: ['a circle of rooms: state -> runtime -> state'],
  },
  {
    rule: 'time, randomness and the surroundings come through ports',
    find: machineBreaches,
    planted: {
      'lib/rdd/time.ts':
        'const a = Date.now()\n' +
        'const b = new Date()\n' +
        'const c = new Date(0)\n' +
        'const { now } = performance\n' +
        `const e = globalThis.Date['now']()`,
      'lib/state/chance.ts':
        `import { createHash, randomUUID } from 'node:crypto'\n` +
        'const a = Math.random()\n' +
        'const b = Math.max(1, 2)',
      'lib/runtime/timers.ts':
        'setTimeout(() => {}, 1)\n' +
        'const wait = { setTimeout: 1 }\n' +
        'wait.setTimeout\n' +
        'const { port } = { port: setInterval }\n' +
        'globalThis.setImmediate(port)',
      'lib/runtime/world.ts':
        `import { readFileSync } from 'node:fs'\n` +
        `import net from 'net'\n` +
        `const a = process.env['HOME']\n` +
        'const b = process.hrtime.bigint()',
      'lib/adapters/local/clock.ts': `export const now = Date.now`,
      'lib/testing/rate.ts': `export const started = performance.now()`,
      'cli/main.ts':
        `import { readFileSync } from 'node:fs'\n` +
        `const a = process.env['HOME']\n` +
        'setTimeout(() => {}, 1)\n' +
        'const b = Date.now()',
    },
    found: [
      'lib/rdd/time.ts:1 Date.now belongs behind a port',
      'lib/rdd/time.ts:2 new Date() belongs behind a port',
      'lib/rdd/time.ts:4 performance.now belongs behind a port',
      'lib/rdd/time.ts:5 Date.now belongs behind a port',
      'lib/state/chance.ts:1 crypto.randomUUID belongs behind a port',
      'lib/state/chance.ts:2 Math.random belongs behind a port',
      'lib/runtime/timers.ts:1 setTimeout belongs behind a port',
      'lib/runtime/timers.ts:4 setInterval belongs behind a port',
      'lib/runtime/timers.ts:5 setImmediate belongs behind a port',
      'lib/runtime/world.ts:1 fs belongs behind a port',
      'lib/runtime/world.ts:2 net belongs behind a port',
      'lib/runtime/world.ts:3 process.env belongs behind a port',
      'lib/runtime/world.ts:4 process.hrtime belongs behind a port',
      'cli/main.ts:3 setTimeout belongs behind a port',
      'cli/main.ts:4 Date.now belongs behind a port',
    ],
  },
  {
    rule: 'no file is dead',
    find: deadFiles,
    planted: {
      'lib/index.ts': `export { a } from './base/a.ts'`,
      'lib/base/a.ts': `import { type B } from './b.ts'`,
      'lib/base/b.ts': `export type B = 1`,
      'lib/base/forgotten.ts': `import { a } from './a.ts'`,
    },
    found: ['lib/base/forgotten.ts is reached from no file that is run or imported from outside'],
  },
  {
    rule: 'every public name has JSDoc, with an example for functions and classes',
    find: undocumented,
    planted: {
      'lib/index.ts':
        `export { good, bare, told, type Shape, Thing } from './base/words.ts'\n` +
        `export * from './base/more.ts'\n` +
        `import { gone } from './base/words.ts'\n` +
        'export { gone }',
      'lib/base/words.ts': [
        `/** Good. \n * @example good() */\nexport const good = (): number => 1`,
        `export const bare = 1`,
        `/** Told, but not shown. */\nexport function told(): void {}`,
        `// No JSDoc.\nexport interface Shape {}`,
        `/** A class without an example. */\nexport class Thing {}`,
      ].join('\n'),
      'lib/base/more.ts':
        '/** The reason why. */\n' +
        `export const reason = 'none'\n` +
        '\n' +
        'export type Unsaid = string',
    },
    found: [
      'lib/base/words.ts:4 bare is public and has no JSDoc',
      'lib/base/words.ts:6 told is public and its JSDoc shows no example',
      'lib/base/words.ts:8 Shape is public and has no JSDoc',
      'lib/base/words.ts:10 Thing is public and its JSDoc shows no example',
      'lib/base/more.ts:4 Unsaid is public and has no JSDoc',
      'lib/index.ts gone is declared nowhere',
    ],
  },
  {
    rule: 'nothing is left to do',
    find: unfinished,
    planted: {
      'lib/rdd/a.ts':
        `// TODO: later\nconst todo = 'TODO'\n` + `/* FIXME */\n// @ts-ignore\nconst a = 1`,
      'cli/b.ts': `// Nothing to do.`,
    },
    found: [
      'lib/rdd/a.ts:1 a comment says TODO: do it, or open an issue',
      'lib/rdd/a.ts:3 a comment says FIXME: do it, or open an issue',
      'lib/rdd/a.ts:4 a comment says @ts-ignore: do it, or open an issue',
    ],
  },
  {
    rule: 'no test is left out, and none runs alone',
    find: skippedTests,
    planted: {
      'test/a.test.ts':
        `test.only('a', () => {})\n` +
        `describe.skip('b', () => {})\n` +
        `it.concurrent.todo('c')\n` +
        `test.each([1])('d', () => {})\n` +
        `describe.skip.each([1])('e', () => {})`,
      'lib/rdd/b.ts': `lines.skip(1)`,
    },
    found: [
      'test/a.test.ts:1 test.only leaves tests out',
      'test/a.test.ts:2 describe.skip leaves tests out',
      'test/a.test.ts:3 it.todo leaves tests out',
      'test/a.test.ts:5 describe.skip leaves tests out',
    ],
  },
  {
    rule: 'files have at most 300 lines',
    find: longFiles,
    planted: {
      'lib/rdd/long.ts': `const a = 1${lines(300)}`,
      'lib/rdd/full.ts': `const a = 1${lines(299)}\n`,
      'test/long.ts': lines(400),
    },
    found: ['lib/rdd/long.ts has 301 lines, more than 300'],
  },
  {
    rule: 'functions have at most 70 lines',
    find: longFunctions,
    planted: {
      'lib/rdd/long.ts':
        'const a = 1\n' +
        `const f = () => {${lines(69)}\n` +
        '}\n' +
        `function g() {${lines(68)}\n` +
        '}',
      'lib/rdd/method.ts': `class A {\n  run() {${lines(69)}\n  }\n}`,
    },
    found: [
      'lib/rdd/long.ts:2 a function of 71 lines, more than 70',
      'lib/rdd/method.ts:2 a function of 71 lines, more than 70',
    ],
  },
  {
    rule: 'lines have at most 100 columns',
    find: wideLines,
    planted: {
      'lib/rdd/wide.ts':
        `// ${'ab '.repeat(33)}c\n` + `const a = '${'ab'.repeat(50)}'\n` + `// ${'ab'.repeat(60)}`,
    },
    found: [
      'lib/rdd/wide.ts:1 has 103 columns, more than 100',
      'lib/rdd/wide.ts:2 has 112 columns, more than 100',
    ],
  },
  {
    rule: 'no kind of source or sink is named outside its folder',
    find: strayKinds,
    planted: {
      'lib/runtime/sources/kinesis/kind.ts':
        `import { a } from './a.ts'\n` + `const kinesis = { kind: 'kinesis' }`,
      'lib/runtime/sources/all.ts': `import './kinesis/kind.ts'`,
      'lib/runtime/driver/run.ts':
        `import { b } from '../sources/objects/reader.ts'\n` + `if (input.kind === 'objects') b()`,
      'lib/runtime/compose.ts': `const readKinesis = () => location.kind`,
      'functions/intake.ts': `switch (kind) { case 'queue': break }`,
      'functions/aws-ports.ts': `const ports = { kinesis: 1 }`,
      'lib/testing/harness/feeds/objects.ts':
        `import { c } from '../../../runtime/sources/objects/` + `reader.ts'`,
    },
    found: [
      'lib/runtime/driver/run.ts:1 imports the kind objects from outside its folder',
      'lib/runtime/driver/run.ts:2 names a kind: objects',
      'lib/runtime/compose.ts:1 names a kind: readKinesis',
      'functions/intake.ts:1 names a kind: queue',
    ],
  },
  {
    rule: 'files are named in kebab-case',
    find: fileNames,
    planted: {
      'lib/rdd/batchTime.ts': '',
      'lib/Base/a.ts': '',
      'lib/rdd/batch-time.ts': '',
      'test/unit/batch-time.test.ts': '',
    },
    found: ['lib/rdd/batchTime.ts is not in kebab-case', 'lib/Base/a.ts is not in kebab-case'],
  },
  {
    rule: 'the library has no default exports',
    find: defaultExports,
    planted: {
      'lib/rdd/a.ts': `export default 1`,
      'lib/rdd/b.ts': `const b = 1\nexport { b as default }`,
      'examples/c.ts': `export default 1`,
    },
    found: [
      'lib/rdd/a.ts:1 a default export: give it a name',
      'lib/rdd/b.ts:2 a default export: give it a name',
    ],
  },
  {
    rule: 'what ships imports only Node, itself and its dependencies',
    find: (sources) =>
      missingPackages(
        { ...manifest, dependencies: { ...manifest.dependencies, held: '1.0.0' } },
        sources,
      ),
    planted: {
      'lib/rdd/a.ts':
        `import { it } from 'vitest'\n` +
        `import { b } from './b.ts'\n` +
        `import { held } from 'held/part'`,
      'cli/main.ts': `import { stream } from 'millrace'\nimport { join } from 'path'`,
    },
    found: [
      `lib/rdd/a.ts:1 'vitest' is neither node: nor a dependency of the package`,
      `cli/main.ts:2 'path' is neither node: nor a dependency of the package`,
    ],
  },
  {
    rule: 'clients of AWS are imported only where AWS is spoken to',
    find: strayClients,
    planted: {
      'lib/runtime/a.ts': `import type { S3Client } from '@aws-sdk/client-s3'`,
      'cli/main.ts': `const client = await import('@aws-sdk/client-dynamodb')`,
      'lib/adapters/local/b.ts': `import { NodeHttpHandler } from '@smithy/node-http-handler'`,
      'lib/adapters/aws/c.ts': `import { S3Client } from '@aws-sdk/client-s3'`,
      'functions/d.ts': `import { S3Client } from '@aws-sdk/client-s3'`,
    },
    found: [
      `lib/runtime/a.ts:1 '@aws-sdk/client-s3' belongs to lib/adapters/aws/, functions/ or infra/`,
      `cli/main.ts:1 '@aws-sdk/client-dynamodb' belongs to lib/adapters/aws/, functions/ or infra/`,
      `lib/adapters/local/b.ts:1 '@smithy/node-http-handler' belongs to lib/adapters/aws/, ` +
        'functions/ or infra/',
    ],
  },
]

describe.each(sourceRows)('$rule', ({ find, planted, found }) => {
  test('the project keeps it', () => expect(find(project)).toEqual([]))
  test('a breach is seen', () => expect(find(sourcesOf(planted))).toEqual(found))
})

/**
 * A rule over documents or package.json: what it finds in the project, and in something planted.
 */
interface DocumentRow {
  readonly rule: string
  readonly kept: Findings
  readonly planted: Findings
  readonly found: Findings
}

const program = `export default stream('a', options, build)\n`
const shown = (text: string, comment = ''): string =>
  `Words.\n\n${comment}\n\n\`\`\`ts\n${text}\`\`\`\n`

const documentRows: readonly DocumentRow[] = [
  {
    rule: 'docs/errors.md explains every error code and no other',
    kept: unexplainedCodes(Object.keys(errorCodes), read('docs/errors.md')),
    planted: unexplainedCodes(
      ['KEPT', 'NEW', 'EMPTY'],
      '# Errors\n\n## `KEPT`\n\nWhat it means.\n\n## EMPTY\n\n## OLD\n\nOnce.\n',
    ),
    found: [
      'docs/errors.md does not explain NEW',
      'docs/errors.md says nothing about EMPTY',
      'docs/errors.md explains OLD, which is no code',
    ],
  },
  {
    rule: 'a whole program in a document is the text of an example',
    kept: strayPrograms(documents, examples),
    planted: strayPrograms(
      new Map([
        ['README.md', shown(program, '<!-- examples/a.ts -->')],
        ['docs/stale.md', shown(`${program}// and more\n`, '<!-- examples/a.ts -->')],
        ['docs/stray.md', shown(program)],
        ['docs/part.md', shown('lines.map(words)\n')],
      ]),
      new Map([['examples/a.ts', program]]),
    ),
    found: [
      'docs/stale.md:3 the code is not that of examples/a.ts',
      'docs/stray.md:5 a whole program names no file of examples/',
    ],
  },
  {
    rule: 'the README shows the word count',
    kept: missingProgram(documents, 'README.md', 'examples/word-count.ts'),
    planted: missingProgram(
      new Map([['README.md', shown(program)]]),
      'README.md',
      'examples/word-count.ts',
    ),
    found: ['README.md does not show examples/word-count.ts'],
  },
  {
    rule: 'development tools are pinned to one version',
    kept: looseVersions(manifest),
    planted: looseVersions({
      devDependencies: {
        pinned: '1.2.3',
        beta: '1.0.0-beta.1',
        alias: 'npm:@of/other@1.2.3',
        caret: '^1.2.3',
        tag: 'latest',
        loose: 'npm:other@^1.2.3',
      },
    }),
    found: [
      'package.json asks for caret ^1.2.3, which is not one exact version',
      'package.json asks for tag latest, which is not one exact version',
      'package.json asks for loose npm:other@^1.2.3, which is not one exact version',
    ],
  },
  {
    rule: 'a package that users install with ours was decided on',
    kept: undecidedPackages(manifest, [...decisions.values()]),
    planted: undecidedPackages({ dependencies: { known: '1.0.0', sneaked: '1.0.0' } }, [
      'We take `known`, because.',
    ]),
    found: ['package.json depends on sneaked, and no record in docs/internals/decisions/ says why'],
  },
]

describe.each(documentRows)('$rule', ({ kept, planted, found }) => {
  test('the project keeps it', () => expect(kept).toEqual([]))
  test('a breach is seen', () => expect(planted).toEqual(found))
})
