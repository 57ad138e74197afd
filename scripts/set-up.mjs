// Prepares a fresh clone, so that `npm start` or `npm test` may be the first command that a user
// types. It runs before those commands, on any Node of the machine (20 or newer), and needs no
// package. Afterwards the npm package `node` puts the project's own Node first on the path of every
// npm script. When everything is ready, it prints nothing and takes a few milliseconds.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const OUTPUT_LINES_MAX = 30
const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')

const readJson = (...path) => {
  try {
    return JSON.parse(readFileSync(join(root, ...path), 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * Whether exactly the packages of the lock file are installed. It compares contents, not dates: a
 * checkout changes dates without need.
 */
const isInstalled = () => {
  const wanted = readJson('package-lock.json')?.packages
  const installed = readJson('node_modules', '.package-lock.json')?.packages
  if (wanted === undefined || installed === undefined) return false
  const same = ([path, { version, integrity }]) =>
    wanted[path]?.version === version && wanted[path]?.integrity === integrity
  const present = ([path, { optional }]) => path === '' || optional === true || path in installed
  return Object.entries(installed).every(same) && Object.entries(wanted).every(present)
}

/**
 * Whether the pinned Node exists and runs. An install script brings its binary, and some settings
 * of npm skip such scripts.
 */
const hasPinnedNode = () => {
  const binary = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  return stdout?.trim() === `v${readJson('package.json').devDependencies.node}`
}

/**
 * Runs `npm ci` on the machine's own Node: npm would delete the project's Node while it runs on it.
 */
const install = () => {
  const path = process.env.PATH?.split(delimiter).filter(
    (folder) => !folder.startsWith(modules + sep),
  )
  const env = { ...process.env, ...(path && { PATH: path.join(delimiter) }) }
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  return spawnSync('npm', args, {
    cwd: root,
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
}

if (!isInstalled() || !hasPinnedNode()) {
  console.error(
    'Setting up: installing the development tools with npm ci; this happens once and takes ' +
      'about half a minute.',
  )
  const { status, stdout, stderr, error } = install()
  if (status !== 0 || !hasPinnedNode()) {
    console.error(
      [stdout, stderr, error?.message]
        .join('\n')
        .trim()
        .split('\n')
        .slice(0, OUTPUT_LINES_MAX)
        .join('\n'),
    )
    console.error(
      'Set-up failed: npm ci did not bring the tools, or the Node that package.json pins. ' +
        'Run `npm ci` by hand to see why.',
    )
    process.exit(1)
  }
}
