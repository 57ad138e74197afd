/**
 * The first hour of a stranger, from the packed package in an empty directory: what a person types,
 * and what is printed. Each chapter is held as it looked on the screen, in `first-hour/`. After a
 * change: `npx vitest run test/package/first-hour.test.ts -u`, and read it.
 */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Said, steady, typeIn } from '../process/shell.ts'
import { root } from '../tidy/source.ts'
import { type Chapter, chapters } from './first-hour/chapters.ts'
import { tarballIn } from './pack.ts'

const INSTALL_MS_MAX = 120_000

const AT_REST_MS = 10_000

let folder = ''

const put = (name: string, content: string | Uint8Array): void => {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  // It has been there for a while. A file that has just been written waits until it stays the same.
  const written = new Date(Date.now() - AT_REST_MS)
  utimesSync(path, written, written)
}

/** What the network would bring: packages that the project names, from those of this one. */
const bring = (...names: readonly string[]): void => {
  for (const name of names) {
    const place = join(folder, 'node_modules', name)
    mkdirSync(dirname(place), { recursive: true })
    rmSync(place, { force: true, recursive: true })
    symlinkSync(join(root, 'node_modules', name), place)
    // A scope has no commands of its own.
    if (name.startsWith('@') && !name.includes('/')) continue
    for (const [command, file] of Object.entries(commandsOf(place))) {
      const link = join(folder, 'node_modules', '.bin', command)
      rmSync(link, { force: true })
      symlinkSync(join(place, file), link)
    }
  }
}

const commandsOf = (place: string): Readonly<Record<string, string>> => {
  const { bin = {} } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as {
    readonly bin?: Readonly<Record<string, string>>
  }
  return bin
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'first-hour-'))
  const tarball = await tarballIn(inject('packed'))
  put('package.json', '{ "name": "first-hour", "private": true }\n')
  const install = `npm install --no-audit --no-fund --loglevel=error ${tarball}`
  expect(await typeIn(folder, install)).toMatchObject({ exitCode: 0 })
}, INSTALL_MS_MAX)

// A busy disk takes its time for a folder of packages.
afterAll(() => rmSync(folder, { recursive: true, force: true }), INSTALL_MS_MAX)

const runChapter = async ({ steps }: Chapter): Promise<string> => {
  const shown: string[] = []
  for (const { files = {}, needs = [], typed, exitCode = 0, held } of steps) {
    for (const [name, content] of Object.entries(files)) put(name, content)
    bring(...needs)
    const said: Said = await typeIn(folder, typed)
    const printed = steady(said.all, folder)
    const text = held?.(printed) ?? printed
    expect([typed, said.exitCode, text]).toEqual([typed, exitCode, text])
    const status = exitCode === 0 ? [] : [`(exit status ${exitCode})`]
    shown.push([`$ ${typed}`, ...(text === '' ? [] : [text]), ...status].join('\n'))
  }
  return `${shown.join('\n\n')}\n`
}

describe('the first hour', () => {
  test.each(chapters)('$title', { timeout: INSTALL_MS_MAX }, async (chapter) => {
    const file = join(import.meta.dirname, 'first-hour', `${chapter.name}.txt`)
    await expect(await runChapter(chapter)).toMatchFileSnapshot(file)
  })
})
