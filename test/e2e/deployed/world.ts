/**
 * The things that the steps share: the emulator, the gates, the deployed stacks, and the expected
 * totals.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, startEmulator } from '../emulator.ts'
import type { Application } from './application.ts'
import { Gate } from './gate.ts'
import type { Results } from './results.ts'
import { settled, type Waiting } from './settled.ts'
import { clicksOf, type Comparison, Model } from './totals.ts'

/** Made once for all steps. */
export class World {
  readonly emulator: Emulator
  /**
   * The endpoints: for the test, which deploys and sends; for the functions of the first
   * application; and for a driver that runs outside.
   */
  readonly gates: Readonly<Record<'front' | 'intake' | 'driver' | 'zombie', Gate>>
  /** For templates and bundles. */
  readonly folder: string = mkdtempSync(join(tmpdir(), 'millrace-deployed-'))
  readonly model = new Model()
  #clicks: { readonly app: Application; readonly results: Results } | undefined
  #words: Application | undefined
  #records = 0
  #stopped: Promise<readonly number[]> | undefined

  private constructor(emulator: Emulator, gates: World['gates']) {
    this.emulator = emulator
    this.gates = gates
  }

  /** Starts an emulator in which roles are enforced, with gates before it. */
  static async start(): Promise<World> {
    const emulator = await startEmulator({ variables: { AUTH: 'true' } })
    const open = (): Promise<Gate> => Gate.to(emulator.endpoint)
    const gates = {
      front: await open(),
      intake: await open(),
      driver: await open(),
      zombie: await open(),
    }
    // The clients of this process find AWS like any other client.
    process.env['AWS_ENDPOINT_URL'] = gates.front.endpoint
    return new World(emulator, gates)
  }

  /** The application of the example. */
  get clicks(): Application {
    return this.#deployed(this.#clicks).app
  }

  get results(): Results {
    return this.#deployed(this.#clicks).results
  }

  /** The application beside it. */
  get words(): Application {
    return this.#deployed(this.#words)
  }

  deployed(clicks: Application, results: Results, words: Application): void {
    this.#clicks = { app: clicks, results }
    this.#words = words
  }

  #deployed<T>(made: T | undefined): T {
    if (made === undefined) throw new Error('Nothing is deployed yet')
    return made
  }

  /** How many records were put into the stream. */
  get records(): number {
    return this.#records
  }

  /** Puts clicks into the stream that must count. */
  async send(visitor: string, count: number): Promise<void> {
    const lines = clicksOf(visitor, count)
    this.model.add(lines)
    this.#records += count
    await this.clicks.putRecords(lines)
  }

  /**
   * Waits until everything that was sent is in the totals and the application rests, or until it
   * has waited too long. Returns the comparison at that time.
   */
  async settled(waiting: Waiting = {}): Promise<Comparison> {
    return settled(this.clicks, this.results, this.model, waiting)
  }

  /** Ends everything, once, after any outcome. Returns the ids of processes that still exist. */
  async stop(): Promise<readonly number[]> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<readonly number[]> {
    for (const gate of Object.values(this.gates)) gate.remove()
    await this.emulator.stop()
    rmSync(this.folder, { recursive: true, force: true })
    return this.emulator.processes()
  }
}

/** The counts as text for a step's line. */
export const sayCounts = ({ counted, lost, twice }: Comparison): string =>
  `${counted.toLocaleString('en')} counted, ${lost} lost, ${twice} twice`
