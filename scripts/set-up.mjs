// Prepares a fresh clone, so that `npm start` or `npm test` may be the first command that a user
// types. It runs before those commands, on any Node of the machine (20 or newer), and needs no
// package. Afterwards the npm package `node` puts the project's own Node first on the path of every
// npm script. When everything is ready, it prints nothing and takes a few milliseconds.

import { spawn, spawnSync } from 'node:child_process'
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
 * npm says nothing until the end. So this shows that it still works: in one line on a terminal, and
 * elsewhere in a line from time to time.
 */
const showTime = () => {
  const startedMs = Date.now()
  const { isTTY } = process.stderr
  const show = () => {
    const text = `Setting up: ${Math.round((Date.now() - startedMs) / 1_000)} s`
    process.stderr.write(isTTY ? `\r${text}` : `${text}\n`)
  }
  const timer = setInterval(show, isTTY ? 1_000 : 5_000)
  return () => {
    clearInterval(timer)
    if (isTTY) process.stderr.write('\n')
  }
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
  const child = spawn('npm', args, { cwd: root, env, shell: process.platform === 'win32' })
  const endTime = showTime()
  return new Promise((resolve) => {
    const ended = (status, problem) => {
      endTime()
      resolve({ status, said: [...said, problem].join('\n') })
    }
    const said = []
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => said.push(text))
    child.once('error', ({ message }) => ended(1, message))
    child.once('close', (status) => ended(status, ''))
  })
}

if (!isInstalled() || !hasPinnedNode()) {
  console.error(
    'Setting up: npm ci installs the development tools. This happens once, and takes about half ' +
      'a minute.',
  )
  const { status, said } = await install()
  if (status !== 0 || !hasPinnedNode()) {
    console.error(said.trim().split('\n').slice(0, OUTPUT_LINES_MAX).join('\n'))
    console.error(
      'Set-up failed: npm ci did not bring the tools, or the Node that package.json pins. ' +
        'Run `npm ci` by hand to see why.',
    )
    process.exit(1)
  }
}
