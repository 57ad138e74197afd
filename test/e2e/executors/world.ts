/** The deployed application with executors: its emulator, its gates, and what it must count. */
import { PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { listKeys } from '../../../lib/adapters/aws/s3-files.ts'
import { s3Client } from '../../../lib/adapters/aws/s3-client.ts'
import { answersPrefix } from '../../../lib/base/answers-prefix.ts'
import { readDeadLetters } from '../../../lib/state/dead-letter-reader.ts'
import { Application, lambdaClient } from '../deployed/application.ts'
import { appends, laneOf, loggedTime, logsBatch } from '../deployed/calls.ts'
import { bootstrap, deploy, synthesiseApp } from '../deployed/cdk.ts'
import { Gate } from '../deployed/gate.ts'
import { Results } from '../deployed/results.ts'
import { settled } from '../deployed/settled.ts'
import { type Comparison, Model } from '../deployed/totals.ts'
import { startEmulator } from '../emulator.ts'
import { ExecutorCalls } from './executor-calls.ts'
import { type Settings, STACK } from './settings.ts'

/** The number of executors. */
export const EXECUTORS = 4
/** A driver that has died holds its lease for this long. A batch takes some seconds of it. */
const DRIVER_TIMEOUT_S = 30

const APP = 'tally'
const LINE_BYTES = 4_096
const LINES_PER_OBJECT = 2_000
const PAGES = 500
/** Intake has all, if it has appended nothing for so long. */
const QUIET_MS = 1_000
const CHECK_EVERY_MS = 100

/** How many lines go into the stream, and how many into objects. */
export interface Amount {
  readonly stream: number
  readonly objects: number
}

/** What is before the functions. */
type Gates = Readonly<Record<'front' | 'intake' | 'driver' | 'executors', Gate>>

/**
 * Lines of 4 KB. Every other line has a word of its own, so that no line can replace another one.
 * The rest share words.
 */
const linesOf = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => {
    const word = index % 2 === 0 ? `${name}/${index}` : `page-${index % PAGES}`
    return `${word} ${name} ${index} `.padEnd(LINE_BYTES - 1, 'x')
  })

/** Made once for all tests. */
export class World {
  readonly gates: Gates
  readonly app: Application
  readonly executors: readonly string[]
  readonly calls: ExecutorCalls
  readonly model = new Model()
  /** The lanes into which intake has appended. */
  readonly lanes = new Set<string>()
  /** The times of the batches that were logged, one for each attempt. */
  readonly attempts: number[] = []
  /** Ends everything, after any outcome. */
  readonly stop: () => Promise<void>
  readonly #totals: Results
  readonly #different: Results
  readonly #startMs = Date.now()
  /** When intake has last appended. */
  #appendedMs = 0

  private constructor(
    gates: Gates,
    outputs: Readonly<Record<string, string>>,
    stop: World['stop'],
  ) {
    this.gates = gates
    this.stop = stop
    this.app = new Application(APP, outputs)
    this.executors = Array.from({ length: EXECUTORS }, (_, index) =>
      this.app.output(`TestExecutor${index}`),
    )
    this.calls = new ExecutorCalls(gates.driver, this.executors)
    this.#totals = new Results(this.app.output('TestResults'), 'totals')
    this.#different = new Results(this.app.output('TestResults'), 'different')
    gates.intake.hear(appends(APP), {
      asked: (call) => {
        this.lanes.add(laneOf(call))
        this.#appendedMs = Date.now()
      },
    })
    gates.driver.hear(logsBatch(APP), {
      answered: (call, { status }) => {
        if (status === 200) this.attempts.push(loggedTime(call))
      },
    })
  }

  /** Starts an emulator in which roles are enforced, and deploys the application. */
  static async start(): Promise<World> {
    const emulator = await startEmulator({ variables: { AUTH: 'true' } })
    const open = (): Promise<Gate> => Gate.to(emulator.endpoint)
    const gates: Gates = {
      front: await open(),
      intake: await open(),
      driver: await open(),
      executors: await open(),
    }
    const folder = mkdtempSync(join(tmpdir(), 'millrace-executors-'))
    const stop = async (): Promise<void> => {
      for (const gate of Object.values(gates)) gate.remove()
      await emulator.stop()
      rmSync(folder, { recursive: true, force: true })
    }
    try {
      const world = new World(gates, await deployed(gates, folder), stop)
      await limitConcurrency(world.executors)
      return world
    } catch (error) {
      await stop()
      throw error
    }
  }

  /**
   * Sends lines: some into the stream, and the others as objects. The driver is held until intake
   * has them, so that they come in few batches, which are large.
   */
  async pour(name: string, lines: Amount): Promise<void> {
    const all = linesOf(name, lines.stream + lines.objects)
    this.model.add(all)
    const letGo = this.gates.driver.close()
    await this.app.putRecords(all.slice(0, lines.stream))
    for (let from = lines.stream; from < all.length; from += LINES_PER_OBJECT)
      await this.app.putObject(`${name}-${from}`, all.slice(from, from + LINES_PER_OBJECT))
    this.#appendedMs = Date.now()
    while (Date.now() - this.#appendedMs < QUIET_MS) await sleep(CHECK_EVERY_MS)
    letGo()
  }

  /** Waits until all is counted. */
  settled(): Promise<Comparison> {
    return settled(this.app, this.#totals, this.model)
  }

  /** What all batches together have as different lines, and how often the most frequent came. */
  async different(): Promise<{ readonly lines: number; readonly times: number }> {
    const texts = await Promise.all(
      (await this.#different.batches()).map((batch) => this.#different.text(batch)),
    )
    const rows = texts
      .filter((text) => text !== '')
      .map((text) => text.trim().split(' ').map(Number) as [number, number])
    return {
      lines: rows.reduce((sum, [lines]) => sum + lines, 0),
      times: Math.max(...rows.map(([, times]) => times)),
    }
  }

  /** How many records were put aside. */
  async deadLetters(): Promise<number> {
    const range = { fromMs: this.#startMs, toMs: Date.now(), first: 'oldest' } as const
    let count = 0
    for await (const _ of readDeadLetters(this.app.store, APP, range)) count += 1
    return count
  }

  /** The large results that are in the bucket. */
  answers(): Promise<readonly string[]> {
    const place = { client: s3Client(), bucket: this.app.output('TestBlocks') }
    return listKeys(place, answersPrefix(APP))
  }
}

/** Deploys the stack. Returns its outputs. */
const deployed = async (
  gates: Gates,
  folder: string,
): Promise<Readonly<Record<string, string>>> => {
  const endpoints = {
    front: gates.front.endpoint,
    intake: gates.intake.endpoint,
    driver: gates.driver.endpoint,
    executors: gates.executors.endpoint,
  }
  const { front } = endpoints
  // The clients of this process find AWS like any other client.
  process.env['AWS_ENDPOINT_URL'] = front
  const settings: Settings = {
    endpoints,
    executors: EXECUTORS,
    driverTimeoutS: DRIVER_TIMEOUT_S,
  }
  const variables = { MILLRACE_E2E: JSON.stringify(settings) }
  await bootstrap(front)
  await synthesiseApp(front, 'test/e2e/executors/cdk-app.ts', variables, folder)
  const { [STACK]: outputs = {} } = await deploy(front, folder, [STACK])
  return outputs
}

/** The emulator ignores the concurrency that a template reserves: each executor has one. */
const limitConcurrency = async (functions: readonly string[]): Promise<void> => {
  for (const FunctionName of functions)
    await lambdaClient().send(
      new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 }),
    )
}
