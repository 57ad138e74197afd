import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { MillraceError } from '../../lib/base/errors.ts'
import type { Answer } from '../reports/answer.ts'
import { packageJson, projectFiles } from './files.ts'

/** The names that npm takes, with everything else made into a dash. */
const packageName = (directory: string): string =>
  basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '') || 'pipeline'

const readPackage = (path: string): Readonly<Record<string, unknown>> => {
  if (!existsSync(path)) return {}
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Refused below.
  }
  throw new MillraceError('COMMAND_REFUSED', {
    problem: 'The package.json in this directory is not JSON',
    value: path,
    fix: 'repair it or move it away, and run the command again',
  })
}

/**
 * Makes a project: a pipeline with a window, its test and data for it. Writes over nothing; a
 * package.json that is there gets what it lacks. Returns what to print.
 *
 * @throws MillraceError `COMMAND_REFUSED` when one of the files is there already.
 */
export const initProject = (target: string, version: string): Answer => {
  const directory = resolve(target)
  const taken = Object.keys(projectFiles).filter(
    (name) => name !== '.gitignore' && existsSync(join(directory, name)),
  )
  if (taken.length > 0)
    throw new MillraceError('COMMAND_REFUSED', {
      problem: 'There are files already with the names of those of a new project',
      value: taken.join(', '),
      allowed: 'a directory without them',
      fix: 'name an empty directory: millrace init my-pipeline',
    })
  const packagePath = join(directory, 'package.json')
  const given = readPackage(packagePath)
  const files = {
    ...projectFiles,
    'package.json': packageJson(given, packageName(directory), version),
  }
  const written = Object.entries(files).filter(
    ([name]) => name === 'package.json' || !existsSync(join(directory, name)),
  )
  for (const [name, text] of written) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  const shown = relative(process.cwd(), directory)
  const steps = [
    ...(shown === '' ? [] : [`cd ${shown}`]),
    'npm install',
    'npm start          # counts the words of lines/; copy a text file in, and it goes on',
    'npm test',
  ]
  const names = written.map(([name]) => name)
  const text = [
    `A project is in ${shown === '' ? 'this directory' : shown}:`,
    ...names.map((name) => `  ${name}`),
    '',
    'Next:',
    ...steps.map((step) => `  ${step}`),
    '',
  ].join('\n')
  return { object: { done: 'created', directory: shown === '' ? '.' : shown, files: names }, text }
}
