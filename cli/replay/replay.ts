/** `millrace replay`: past batches again, with the code at hand, and what it changes. */
import { join } from 'node:path'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { MillraceError } from '../../lib/base/errors.ts'
import type { Plan } from '../../lib/dstream/plan.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import { type BindingOptions, outputsLocator } from '../../lib/runtime/bindings.ts'
import { loadBatchInput } from '../../lib/runtime/driver/batch-input.ts'
import { readOnlyStore } from '../../lib/runtime/replay/copy-store.ts'
import type { Replay } from '../../lib/runtime/replay/replay.ts'
import { ReplayRange } from '../../lib/runtime/replay/replay-range.ts'
import type { ReplayNote } from '../../lib/state/replay-log.ts'
import { loadPlan } from '../../lib/tools/load-pipeline.ts'
import type { Command } from '../arguments.ts'
import { EXIT } from '../exit-codes.ts'
import { localSinks, localSources } from '../local-ports.ts'
import type { OpenApp } from '../open-app.ts'
import { openDeployed } from '../open-deployed.ts'
import { withLocal } from '../open-local.ts'
import type { Outputs } from '../reports/reporter.ts'
import { parseSince } from '../since.ts'
import { Comparison } from './comparison.ts'
import { openCopy, openReplay, type ReplayWorld } from './open-replay.ts'
import { openTarget } from './open-target.ts'
import { ReplayReport } from './replay-report.ts'
import { openBucket } from './replay-sources.ts'
import { storedOutputs } from './stored-outputs.ts'

type ReplayCommand = Extract<Command, { name: 'replay' }>

interface Plans {
  readonly plan: Plan
  /** The pipeline as it was. Undefined: what is stored says what it gave. */
  readonly old: Plan | undefined
}

/** Runs the batches of a range again, and reports the differences. Returns the exit code. */
export const replay = async (command: ReplayCommand, outputs: Outputs): Promise<number> => {
  const plan = await loadPlan(command.module)
  const old = command.against === undefined ? undefined : await loadPlan(command.against)
  const of = command.of ?? { state: join('.millrace', plan.name) }
  const act = (opened: OpenApp): Promise<number> =>
    replayApp(command, { plan, old }, opened, outputs)
  return 'state' in of ? withLocal(of.state, act) : act(await openDeployed(of.app))
}

const checkName = ({ name }: Plan, { app }: OpenApp): void => {
  if (name === app) return
  throw new MillraceError('PLAN_INCOMPATIBLE', {
    problem: `The pipeline is named "${name}", and the store belongs to "${app}"`,
    value: name,
    allowed: app,
    fix: 'give the module of this application, or choose another one with --state or --app',
  })
}

const replayApp = async (
  command: ReplayCommand,
  { plan, old }: Plans,
  opened: OpenApp,
  outputs: Outputs,
): Promise<number> => {
  for (const one of [plan, old]) if (one !== undefined) checkName(one, opened)
  const { app, clock } = opened
  const source = readOnlyStore(opened.store)
  const range = await ReplayRange.find(
    { store: source, app, clock },
    {
      fromMs: parseSince(command.from, clock.now()) ?? 0,
      toMs: parseSince(command.to, await opened.lastMs()) ?? 0,
    },
  )
  const options = bindingOptions(command, outputs)
  const stored = storedOutputs({ locate: outputsLocator(options), bucket: openBucket })
  const comparison = new Comparison(plan, old === undefined ? { stored } : { old })
  const target = command.intoApp === undefined ? undefined : await openTarget(command.intoApp, app)
  if (command.into === undefined && target === undefined) comparison.check()
  const report = new ReplayReport(command, outputs)
  const { manifest, by } = range.start
  const { location } = opened
  report.begin({
    app,
    location,
    snapshotMs: manifest.timeMs,
    isEmpty: by === undefined,
    comparison,
  })
  const copy = target ?? (await openCopy(command.into, app))
  try {
    const runs = new Runs(command, { plan, old }, { source, options, copy: copy.store, range })
    const brokenMs = await runs.all(comparison, report)
    await target?.take()
    report.end(brokenMs)
  } finally {
    copy.close()
  }
  return report.isDifferent ? EXIT.different : EXIT.ok
}

const bindingOptions = ({ bindings }: ReplayCommand, { out }: Outputs): BindingOptions => ({
  bindings,
  cwd: process.cwd(),
  sources: { ...localSources({ isOnce: true, bindings }), objects: { open: openBucket } },
  // Outputs are located here, and never written.
  sinks: { ...localSinks(out), objects: async () => Promise.reject(new TypeError('only located')) },
})

interface RunsParts extends Pick<ReplayWorld, 'source' | 'options' | 'copy'> {
  readonly range: ReplayRange
}

/** The replay, and that of the old plan beside it. */
class Runs {
  readonly #command: ReplayCommand
  readonly #plans: Plans
  readonly #parts: RunsParts
  #now: Replay | undefined
  #old: Replay | undefined

  constructor(command: ReplayCommand, plans: Plans, parts: RunsParts) {
    this.#command = command
    this.#plans = plans
    this.#parts = parts
  }

  /** Runs all batches. Returns the batch at which the log ends early. */
  async all(comparison: Comparison, report: ReplayReport): Promise<number | undefined> {
    const notes = this.#parts.range.notes()
    for (;;) {
      const next = await notes.next()
      if (next.done === true) {
        await this.#now?.close()
        await this.#old?.close()
        return next.value?.brokenMs
      }
      await this.#open(next.value)
      const now = await this.#now?.run(next.value)
      const old = await this.#old?.run(next.value)
      if (now !== undefined) report.batch(now, await comparison.compare(now, old))
    }
  }

  /** The first batch shows of what kind the inputs of the sources are. */
  async #open(note: ReplayNote): Promise<void> {
    if (this.#now !== undefined) return
    const { into, runForeach } = this.#command
    const { source, options, copy, range } = this.#parts
    const { plan, old } = this.#plans
    const input = await loadBatchInput(source, plan.name, note.input)
    const world = { source, options, start: range.start, input, runForeach }
    this.#now = await openReplay(plan, { ...world, copy, into })
    if (old === undefined) return
    const memory: ItemStore = memoryItemStore()
    this.#old = await openReplay(old, {
      ...world,
      copy: memory,
      into: undefined,
      runForeach: false,
    })
  }
}
