import { keepHeapSmall } from '../lib/adapters/local/small-heap.ts'
import { threadsForMachine } from '../lib/adapters/local/system-memory.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import { sourceName, TEXT } from '../lib/dstream/sources/declaration.ts'
import { join } from 'node:path'
import { bindPlan } from '../lib/runtime/bindings.ts'
import type { RuntimeEvent } from '../lib/runtime/events.ts'
import { type LocalEnd, runLocal } from '../lib/runtime/local/run-local.ts'
import { sourceKind } from '../lib/runtime/sources/source-kind.ts'
import type { Command } from './arguments.ts'
import { localSinks, localSources } from './local-ports.ts'
import { type OpenRun, openRun, type RunParts } from './open-run.ts'
import { endOfError } from './errors.ts'
import { EXIT, exitCodes } from './exit-codes.ts'
import { loadPipelineCode } from '../lib/tools/load-pipeline.ts'
import { jsonReporter } from './reports/json-reporter.ts'
import { textReporter } from './reports/text-reporter.ts'
import type { Ended, Outputs, Reporter, RunningSource, Started } from './reports/reporter.ts'
import { bindingToInput, isInputPiped, pipedSource } from './piped-input.ts'
import { stopSignal, type StopSignal } from './stop-signals.ts'
import { pageOfRun } from './ui/run-page.ts'
import type { ServedPage } from './ui/serve-page.ts'

/** The codes of what could not be read, and so was no record. */
const UNREADABLE = /^(LINE|OBJECT)_/

type RunCommand = Extract<Command, { name: 'run' }>
type How = Pick<Ended, 'how' | 'final' | 'exitCode' | 'error' | 'waiting'>

/** Counts what a run does. */
class Tally {
  batches = 0
  records = 0
  deadLetters = 0
  /** Records that were read and put aside later. Several operators may put one record aside. */
  readonly #bad = new Set<string>()

  note(event: RuntimeEvent): void {
    if (event.event === 'deadLetter') {
      this.deadLetters += 1
      if (!UNREADABLE.test(event.code)) this.#bad.add(`${event.source}#${event.position}`)
    }
    if (event.event !== 'batchCompleted') return
    this.batches += 1
    this.records += event.records
    // Something was counted. So its size does not matter any more.
    if (this.#bad.size < this.records) this.#bad.clear()
  }

  /** Nothing was counted, because every record was put aside. */
  get isAllBad(): boolean {
    return this.deadLetters > 0 && this.records <= this.#bad.size
  }
}

/** `millrace run`. Returns the exit code. An error is reported as the end of the run. */
export const run = async (command: RunCommand, outputs: Outputs): Promise<number> => {
  keepHeapSmall()
  const reporter = command.json ? jsonReporter(outputs) : textReporter(outputs)
  const tally = new Tally()
  const ended = await runReported(command, reporter, tally).catch(endOfError)
  const isAllBad = ended.how === 'done' && tally.isAllBad
  const end = isAllBad ? { ...ended, exitCode: EXIT.allPutAside } : ended
  reporter.showEnd({
    ...end,
    batches: tally.batches,
    records: tally.records,
    deadLetters: tally.deadLetters,
  })
  return end.exitCode
}

const runReported = async (command: RunCommand, reporter: Reporter, tally: Tally): Promise<How> => {
  const { plan, code } = await loadPipelineCode(command.module)
  const sources = localSources({ isOnce: command.once, bindings: command.bindings })
  const options = {
    // Of two bindings of a name, the later one counts.
    bindings: [...(command.demo ? demoBindings(plan) : []), ...command.bindings],
    cwd: process.cwd(),
    follow: command.follow,
    sources,
    sinks: localSinks(reporter),
  }
  // A file that is followed may come later.
  const piped = isInputPiped() && !command.follow ? pipedSource(plan, options) : undefined
  const bindings = [...options.bindings, ...(piped === undefined ? [] : [bindingToInput(piped)])]
  const bound = bindPlan(plan, { ...options, bindings })
  const state = command.state ?? join('.millrace', plan.name)
  // Events from before the start are held back, and reported after the start.
  const early: RuntimeEvent[] = []
  let listen = (event: RuntimeEvent): void => void early.push(event)
  const opened = await openRun({
    module: command.module,
    code,
    isOnce: command.once,
    bindings: command.bindings,
    parallelism: command.parallelism ?? plan.options.parallelism ?? threadsForMachine(),
    plan,
    bound,
    sources,
    state,
    printer: reporter,
    listen: (event) => listen(event),
  })
  let page: ServedPage | undefined
  let stop: StopSignal | undefined
  try {
    page = await pageOfRun(command, { runner: opened.runner, state }, (event) => listen(event))
    const started = startedOf(command, opened, { bound, sources, state, piped })
    reporter.showStart({ ...started, ...(page === undefined ? {} : { page: page.url }) })
    listen = (event) => {
      tally.note(event)
      reporter.event(event)
    }
    early.forEach(listen)
    stop = stopSignal(opened.runner.clock, () => reporter.stopping())
    const { runner, receivers } = opened
    const { once, untilIdle } = command
    return howOf(await runLocal({ runner, receivers, once, untilIdle, signal: stop.signal }))
  } finally {
    page?.close()
    await opened.close()
    stop?.endWatch()
  }
}

/** Every source of text with a name gets made-up lines. */
const demoBindings = ({ sources }: Plan): readonly string[] =>
  sources.flatMap(({ node: { source } }) =>
    source.name !== undefined && source.elements === TEXT ? [`${source.name}=demo:`] : [],
  )

/** `piped`: the name of the source that reads the standard input without a binding. */
type Shown = Pick<RunParts, 'bound' | 'sources' | 'state'> & { readonly piped: string | undefined }

const startedOf = (
  { once }: RunCommand,
  { runner: { plan, generation }, isFirst }: OpenRun,
  { bound, sources, state, piped }: Shown,
): Started => ({
  app: plan.name,
  plan: plan.hash,
  generation,
  intervalMs: plan.options.intervalMs,
  state,
  once,
  isFirst,
  nodes: plan.nodes.map(({ id }) => id),
  intakeStages: plan.intakeStages,
  sources: plan.sources.flatMap(({ id, node }): readonly RunningSource[] => {
    const location = bound.sources.get(id)
    const kind = location && sourceKind(location.kind)
    if (location === undefined || kind === undefined) return []
    const name = sourceName(id, node.source)
    const { what, ...more } = kind.describe(location, sources)
    const why = name === piped ? ', because nothing else is bound to it' : ''
    return [{ id, name, location, what: what + why, ...more }]
  }),
})

const howOf = (end: LocalEnd): How => {
  if (end.kind === 'failed')
    return { how: 'failed', final: end.final, exitCode: EXIT.batchFailed, error: end.reason }
  if (end.kind === 'done') {
    const { waiting } = end
    return { how: 'done', exitCode: EXIT.ok, ...(waiting === undefined ? {} : { waiting }) }
  }
  if (end.kind === 'stopped') return { how: 'stopped', exitCode: EXIT.ok }
  const message =
    `A newer deployment uses this store, generation ${end.generation} [GENERATION_OLD]\n` +
    '  fix:     stop the older process'
  return {
    how: 'superseded',
    exitCode: exitCodes.GENERATION_OLD,
    error: { code: 'GENERATION_OLD', message },
  }
}
