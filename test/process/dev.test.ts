/** `millrace dev`: a real process, a module that is saved again and again, and its errors. */
import { existsSync, mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { DevProject, MODULE, SPLIT } from './dev-project.ts'
import { millrace } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const TIMEOUT = { timeout: 240_000 }

test('runs on each save, shows what changed, and outlives errors', TIMEOUT, async () => {
  const project = new DevProject({})
  const first = await project.next()
  expect(first).toContain('print-1: 4 records in the last of 2 batches\n')
  expect(first).toContain('  (to,3)\n')
  expect(first).toContain('2 batches, 3 records\nWatching words.ts and 1 more. Ctrl-C ends')

  project.save('split.ts', SPLIT.replace('line.split', 'line.toUpperCase().split'))
  const changed = await project.next()
  expect(changed).toContain('  (TO,3)\n')
  expect(changed).toContain('Since the save before:\n  print-1, batch 1\n    - (be,2)\n')
  expect(changed).toContain('    + (BE,2)\n')

  // A part of a file, in a file that is imported.
  project.save('split.ts', 'export const split = (line: string): string[] =>\n  line.split(\n')
  const broken = await project.next()
  expect(broken).toContain('The module does not compile')
  expect(broken).toContain('split.ts:2')

  project.save('split.ts', SPLIT)
  const mended = await project.next()
  // Compared with the last run that gave something.
  expect(mended).toContain('    - (BE,2)\n')
  expect(mended).toContain('    + (be,2)\n')

  // A function that throws, with its line.
  project.save(
    'words.ts',
    MODULE.replace('total + ones.length', '{ throw new Error(`no ${total}`) }'),
  )
  const thrown = await project.next()
  expect(thrown).toContain('The function of updateStateByKey threw')
  expect(thrown).toMatch(/words\.ts:7:\d+/)

  // A file that comes later.
  project.save('words.ts', MODULE.replace('./split.ts', './later/split.ts'))
  const missing = await project.next()
  expect(missing).toContain("Cannot find module 'later/split.ts'")
  mkdirSync(join(project.directory, 'later'))
  project.save('later/split.ts', SPLIT)
  const found = await project.next()
  expect(found).toContain('Nothing differs from the save before')
  // It is watched as well.
  project.save('later/split.ts', SPLIT.replace("' '", "'o'"))
  expect(await project.next()).toContain('Since the save before:')

  const { exitCode, stderr } = await project.dev.signal('SIGINT')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
})

test('begins with a module that is broken or not there', TIMEOUT, async () => {
  const project = new DevProject({ 'split.ts': 'export const split = (\n' })
  expect(await project.next()).toContain('split.ts:')
  project.save('split.ts', SPLIT)
  expect(await project.next()).toContain('  (to,3)\n')
})

test(
  'a touch and a save of the same text run nothing, and many saves run once',
  TIMEOUT,
  async () => {
    const project = new DevProject({})
    await project.next()
    const module = join(project.directory, 'words.ts')
    utimesSync(module, new Date(), new Date())
    project.save('words.ts', MODULE)
    for (let save = 0; save <= 20; save++) project.save('split.ts', `${SPLIT}// ${save}\n`)
    project.save('words.ts', MODULE.replace('print()', "print('after')"))
    expect(await project.next()).toContain('Nothing differs from the save before')
    // Nothing else follows.
    project.save('split.ts', SPLIT.replace("' '", "'t'"))
    expect(await project.next()).toContain('Since the save before:')
  },
)

const SPIN = "writeFileSync('spins', ''); for (;;);"

// No run has told yet which files the module imports.
test.each([
  { what: 'a function', text: `export const split = (): never => { ${SPIN} }\n` },
  { what: 'an import', text: `${SPIN}\nexport const split = (): string[] => []\n` },
])('a save ends a first run in which $what does not end', TIMEOUT, async ({ text }) => {
  const project = new DevProject({ 'split.ts': `import { writeFileSync } from 'node:fs'\n${text}` })
  while (!existsSync(join(project.directory, 'spins'))) await sleep(50)
  project.save('split.ts', SPLIT)
  expect(await project.next()).toContain('  (to,3)\n')
})

test('reads only the first records', TIMEOUT, async () => {
  const lines = Array.from({ length: 5_000 }, (_, line) => `line${line}\n`).join('')
  const project = new DevProject({ 'in/a.txt': lines, 'in/b.txt': 'to\n' }, '--records', '100')
  expect(await project.next()).toContain('1 batch, 100 records')
})

test.each([
  [['--records', '0'], '--records must be a number of records'],
  [['--state', 'a'], 'millrace dev has no option --state'],
])('refuses %j', TIMEOUT, async (args, message) => {
  const { exitCode, stderr } = await millrace(directoryWith({}), 'dev', 'a.ts', ...args)
  expect(exitCode).toBe(2)
  expect(stderr).toContain(message)
})
