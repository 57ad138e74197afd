/**
 * Measures the size of the functions of the example, and how long a new process of each takes until
 * its first append or batch is done.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { bundleOptions } from '../infra/bundle.ts'
import { clickEvent, STREAM } from './aws/clicks.ts'
import { clientsOf } from './aws/clients.ts'
import { deployExample, SOURCE } from './aws/deployment.ts'
import { openEndpoint } from './aws/server.ts'
import { Services } from './aws/services.ts'
import { type Figure, rounded, table } from './report.ts'
import { median, spread } from './statistics.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const INTERVAL_MS = 10_000
const RECORDS = 100
const KB = 1_024

type Kind = 'bare' | 'intake' | 'driver'
const KINDS: readonly Kind[] = ['bare', 'intake', 'driver']

interface Times {
  readonly loadedMs: number
  readonly doneMs: number
}

/** The files of a bundle that are loaded before the first event. */
const filesOf = (metafile: Metafile, entry: string): readonly string[] => {
  const found = new Set<string>()
  const add = (file: string): void => {
    if (found.has(file)) return
    found.add(file)
    for (const { path, kind } of metafile.outputs[file]?.imports ?? [])
      if (kind === 'import-statement' && path in metafile.outputs) add(path)
  }
  add(Object.keys(metafile.outputs).find((file) => basename(file) === `${entry}.mjs`) ?? '')
  return [...found]
}

const sizesOf = (files: readonly string[]): readonly [raw: number, zipped: number] => {
  const bytes = files.map((file) => readFileSync(file))
  return [
    bytes.reduce((total, one) => total + one.byteLength, 0) / KB,
    bytes.reduce((total, one) => total + gzipSync(one).byteLength, 0) / KB,
  ]
}

const buildAll = async (outdir: string): Promise<ReadonlyMap<Kind, readonly string[]>> => {
  const options = bundleOptions(join(here, 'aws', 'page-counts.ts'), outdir)
  const functions = await build({ ...options, metafile: true })
  const bare = await build({
    ...options,
    entryPoints: { bare: join(here, 'aws', 'bare-handler.ts') },
    metafile: true,
  })
  return new Map(
    KINDS.map((kind) => [
      kind,
      filesOf((kind === 'bare' ? bare : functions).metafile as Metafile, kind),
    ]),
  )
}

/**
 * Services with a table in which the application has run before. The head and the lane exist, and
 * records wait for a batch that is due.
 */
const preparedServices = async (): Promise<Services> => {
  const services = new Services()
  const time = { nowMs: Date.now() - 2 * INTERVAL_MS }
  const app = deployExample(
    clientsOf(services, () => time.nowMs),
    time,
    INTERVAL_MS,
  )
  await app.driver()
  time.nowMs += INTERVAL_MS
  await app.intake(RECORDS)
  services.takeCalls()
  return services
}

const eventOf = (kind: Kind): object =>
  kind === 'driver'
    ? { Records: [{ body: JSON.stringify({ app: 'clicks', atMs: Date.now() }) }] }
    : clickEvent(2 * RECORDS, RECORDS, Date.now())

const variablesOf = (url: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  AWS_ENDPOINT_URL: url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  MILLRACE_TABLE: 'clicks',
  MILLRACE_BLOCKS: 'blocks',
  MILLRACE_TRIGGERS: `${url}/triggers`,
  MILLRACE_SOURCES: JSON.stringify({ [SOURCE]: { kind: 'kinesis', streamArn: STREAM } }),
  MILLRACE_OUTPUTS: JSON.stringify({ results: { kind: 'objects', bucket: 'results' } }),
  MILLRACE_GENERATION: '1',
  MILLRACE_TIMEOUT_S: '60',
})

/** Runs one new process to its end. */
const runCold = (bundle: string, eventFile: string, env: NodeJS.ProcessEnv): Promise<Times> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(here, 'aws', 'cold-process.ts'), bundle, eventFile],
      {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let text = ''
    child.stdout.on('data', (data: Buffer) => (text += data.toString()))
    child.once('close', (code) =>
      code === 0
        ? resolve(JSON.parse(text) as Times)
        : reject(new Error(`${bundle} ended with ${code}`)),
    )
  })

const measure = async (
  work: string,
  rounds: number,
): Promise<ReadonlyMap<Kind, readonly Times[]>> => {
  let services = new Services()
  const endpoint = await openEndpoint(() => services)
  const eventFile = join(work, 'event.json')
  const times = new Map<Kind, Times[]>(KINDS.map((kind) => [kind, []]))
  try {
    // The first round fills the caches of the machine and is not counted.
    for (let round = -1; round < rounds; round++)
      for (const kind of KINDS) {
        services = await preparedServices()
        writeFileSync(eventFile, JSON.stringify(eventOf(kind)))
        const one = await runCold(join(work, `${kind}.mjs`), eventFile, variablesOf(endpoint.url))
        if (kind === 'driver' && !services.takeCalls().some(({ bucket }) => bucket === 'results'))
          throw new Error('the driver ran no batch')
        if (round >= 0) times.get(kind)?.push(one)
      }
  } finally {
    await endpoint.close()
  }
  return times
}

/** Bundles and measures the functions, prints a table, and returns the figures. */
export const benchColdStart = async ({
  batches: rounds,
  say,
}: {
  readonly batches: number
  readonly say: (text: string) => void
}): Promise<readonly Figure[]> => {
  const work = mkdtempSync(join(tmpdir(), 'millrace-cold-'))
  try {
    const files = await buildAll(work)
    const times = await measure(work, rounds)
    const column = (kind: Kind, field: keyof Times): readonly number[] =>
      (times.get(kind) ?? []).map((one) => one[field])
    const ratios = (kind: Kind): readonly number[] =>
      column(kind, 'doneMs').map(
        (ms, round) => ms / (column('bare', 'doneMs')[round] ?? Number.NaN),
      )
    const sizes = new Map(KINDS.map((kind) => [kind, sizesOf(files.get(kind) ?? [])]))
    say(
      table([
        ['', 'KB', 'KB zipped', 'loaded, ms', 'done, ms', 'done, to bare'],
        ...KINDS.map((kind) => [
          kind,
          ...(sizes.get(kind) ?? []).map((size) => size.toFixed(0)),
          spread(column(kind, 'loadedMs')),
          spread(column(kind, 'doneMs')),
          spread(ratios(kind), 2),
        ]),
      ]),
    )
    const figure = (name: string, value: number, unit: Figure['unit']): Figure => ({
      bench: 'cold-start',
      figure: name,
      value: rounded(value),
      unit,
    })
    return KINDS.flatMap((kind) => [
      figure(`${kind}-size`, sizes.get(kind)?.[0] ?? 0, 'KB'),
      figure(`${kind}-size-zipped`, sizes.get(kind)?.[1] ?? 0, 'KB'),
      figure(`${kind}-loaded`, median(column(kind, 'loadedMs')), 'ms'),
      figure(`${kind}-done`, median(column(kind, 'doneMs')), 'ms'),
      figure(`${kind}-ratio`, median(ratios(kind)), 'ratio'),
    ])
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
