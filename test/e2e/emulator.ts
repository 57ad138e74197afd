/**
 * A LocalStack-compatible endpoint for the tests: the one that `AWS_ENDPOINT_URL` names, or
 * MiniStack, which is installed with Python into `.emulator/` at the first run and started on a
 * free port. The tests learn about it through the environment of this process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../ports.ts'

/** An endpoint that answers. */
export interface Emulator {
  readonly endpoint: string
  /** The ids of its processes and of those that it has started, where this machine shows them. */
  readonly processes: () => readonly number[]
  /** Ends the emulator if it was started here, and everything that it has started. */
  readonly stop: () => Promise<void>
}

/** Options of {@link startEmulator}. */
interface EmulatorOptions {
  /** More variables for the emulator, for example `AUTH=true`. */
  readonly variables?: Readonly<Record<string, string>>
}

// One command installs both: boto3 installed later would change botocore to another version than
// the exact one that the emulator needs.
const PACKAGES = ['ministack==1.5.33', 'boto3']
const INSTALL_MS_MAX = 300_000
const READY_MS_MAX = 30_000
const STOP_MS_MAX = 5_000

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = join(root, '.emulator')
const venv = join(home, 'venv')
const binary = join(venv, 'bin', 'ministack')

const missing = (what: string, details: string): Error =>
  new Error(
    `The tests on AWS need an endpoint, and ${what}.\n` +
      '  fix: set AWS_ENDPOINT_URL to a LocalStack-compatible endpoint, or install ' +
      'Python 3.10 or newer with venv and pip.\n' +
      `  because: ${details.trim().split('\n').slice(-5).join('\n           ')}`,
  )

const runPython = (command: string, args: readonly string[], what: string): void => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: INSTALL_MS_MAX,
  })
  if (status !== 0) throw missing(what, error?.message ?? `${stdout}\n${stderr}`)
}

/** Installs the emulator, unless it is there. */
export const installEmulator = (): void => {
  const marker = join(venv, 'installed')
  if (existsSync(binary) && existsSync(marker)) return
  rmSync(venv, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  runPython('python3', ['-m', 'venv', venv], 'python3 with venv is missing')
  runPython(
    join(venv, 'bin', 'pip'),
    ['install', '--quiet', ...PACKAGES],
    `${PACKAGES.join(' ')} cannot be installed`,
  )
  mkdirSync(marker)
}

const isReady = async (endpoint: string): Promise<boolean> => {
  for (const path of ['/_ministack/ready', '/_localstack/health']) {
    const answer = await fetch(endpoint + path, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    )
    if (answer?.ok === true) return true
  }
  return false
}

const untilReady = async (endpoint: string, ended: () => boolean, log: string): Promise<void> => {
  for (const start = Date.now(); Date.now() - start < READY_MS_MAX && !ended(); await sleep(50))
    if (await isReady(endpoint)) return
  throw missing(
    `the emulator was not ready within ${READY_MS_MAX / 1_000} s`,
    readFileSync(log, 'utf8'),
  )
}

/** A small environment on purpose: functions that the emulator runs inherit all of it. */
const variablesFor = (port: number, work: string): NodeJS.ProcessEnv => ({
  PATH: [dirname(process.execPath), join(venv, 'bin'), '/usr/bin', '/bin'].join(delimiter),
  TMPDIR: work,
  GATEWAY_PORT: String(port),
  BIND_HOST: '127.0.0.1',
  MINISTACK_HOST: '127.0.0.1',
  NODE_PATH: join(root, 'node_modules'),
})

/**
 * Functions run as separate processes. Their command lines or working directories contain the
 * folder of this run.
 */
const processesIn = (work: string): readonly number[] => {
  if (!existsSync('/proc')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(work) ||
          readlinkSync(`/proc/${pid}/cwd`).startsWith(work)
        )
      } catch {
        // The process has ended meanwhile, or belongs to another user.
        return false
      }
    })
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

const stopProcess = async (child: ChildProcess, work: string): Promise<void> => {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await Promise.race([ended, sleep(STOP_MS_MAX).then(() => child.kill('SIGKILL'))])
  }
  processesIn(work).forEach(kill)
  rmSync(work, { recursive: true, force: true, maxRetries: 5 })
}

/** Takes the endpoint that `AWS_ENDPOINT_URL` names, or starts the emulator. */
export const findOrStartEmulator = async (): Promise<Emulator> => {
  const given = process.env['AWS_ENDPOINT_URL']
  if (given === undefined || given === '') return startEmulator()
  if (!(await isReady(given)))
    throw missing(`the one that AWS_ENDPOINT_URL names does not answer`, given)
  return { endpoint: given, processes: () => [], stop: async () => undefined }
}

/** Installs the emulator if need be, and starts one on a free port. */
export const startEmulator = async ({
  variables = {},
}: EmulatorOptions = {}): Promise<Emulator> => {
  installEmulator()
  const port = await freePort()
  const work = mkdtempSync(join(home, 'run-'))
  // The emulator starts functions by a script that is not an ES module, but the folders above
  // declare scripts as ES modules.
  writeFileSync(join(work, 'package.json'), '{ "type": "commonjs" }')
  const log = join(work, 'log')
  const child = spawn(binary, [], {
    cwd: work,
    env: { ...variablesFor(port, work), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const file = createWriteStream(log)
  child.stdout.pipe(file, { end: false })
  child.stderr.pipe(file, { end: false })
  child.once('error', (error) => file.write(String(error)))
  const endpoint = `http://127.0.0.1:${port}`
  // The emulator also ends when this process ends unexpectedly.
  const atExit = (): void => void child.kill('SIGKILL')
  process.once('exit', atExit)
  const stop = (): Promise<void> => {
    process.off('exit', atExit)
    return stopProcess(child, work)
  }
  try {
    await untilReady(endpoint, () => child.exitCode !== null, log)
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoint, processes: () => processesIn(work), stop }
}
