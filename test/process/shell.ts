/** Types commands in a directory, as a person does, and gives what was said. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { root } from '../tidy/source.ts'

/** Puts the command `millrace` of the sources where lines that are typed in a place find it. */
export const putCommand = (place: string): void => {
  const bin = join(place, 'node_modules', '.bin')
  mkdirSync(bin, { recursive: true })
  const main = join(root, 'cli', 'main.ts')
  const program = `'${process.execPath}' --conditions=millrace-source '${main}'`
  writeFileSync(join(bin, 'millrace'), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 })
}

/** How a typed command ended. */
export interface Said {
  /** As `$?` of the shell: 128 and the number of the signal, if one ended it. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Both, in the order in which they came. */
  readonly all: string
}

/**
 * Types a line in a shell, without colours and without a network. `npm`, `npx` and `node` are those
 * that run the tests.
 */
export const typeIn = (place: string, line: string): Promise<Said> =>
  new Promise((resolve, reject) => {
    const bin = [join(place, 'node_modules', '.bin'), dirname(process.execPath)]
    const env = {
      ...process.env,
      PATH: [...bin, process.env['PATH']].join(delimiter),
      NO_COLOR: '1',
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    }
    const child = spawn('sh', ['-c', line], { cwd: place, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { stdout: '', stderr: '', all: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text
        said.all += text
      })
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode: exitCode ?? -1, ...said }))
  })

/**
 * The text without what is another in each run: places, times, durations and process numbers.
 * Digits of times become zeros, so that columns stay as they are; columns of durations do not.
 */
export const steady = (text: string, place: string): string =>
  text
    .replaceAll(place, '.')
    .replaceAll(root, 'node_modules/millrace')
    .replaceAll(/\b\d{4}-\d\d-\d\d([T ][\d:.]+Z)?/g, (time) => time.replaceAll(/\d/g, '0'))
    .replaceAll(/\b1[78]\d{11}\b/g, (ms) => ms.replaceAll(/\d/g, '0'))
    .replaceAll(/\bpid \d+/g, 'pid N')
    .replaceAll(/(?<=http:\/\/127\.0\.0\.1:)\d+/g, 'PORT')
    .replaceAll(/Z, (now|\d+ (second|minute)s? (ago|ahead of the clock))/g, 'Z, AGO')
    // The column is where the function was met.
    .replaceAll(/:\d+ has been running for \d+ s/g, ': has been running for N s')
    .split('\n')
    .map((line) => (/\btook\b|^ +0000-00-00 /.test(line) ? withoutDurations(line) : line))
    .join('\n')
    .trimEnd()

const withoutDurations = (line: string): string =>
  line.replaceAll(/\b(?!0{13})\d+(\.\d+)? (m?s)\b/g, 'N $2').replaceAll(/(?<=\S) {2,}/g, '  ')
