/** One run of `millrace dev`, in a process of its own: so no module of an earlier save is left. */
import { fileURLToPath } from 'node:url'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { printable } from '../../lib/base/printable.ts'
import { cutText } from '../../lib/base/error-text.ts'
import { MillraceError } from '../../lib/base/errors.ts'
import type { Plan } from '../../lib/dstream/plan.ts'
import { sourceName } from '../../lib/dstream/sources/declaration.ts'
import { bindPlan } from '../../lib/runtime/bindings.ts'
import { type Composition, compose } from '../../lib/runtime/compose.ts'
import { Driver } from '../../lib/runtime/driver/driver.ts'
import type { RuntimeEvent } from '../../lib/runtime/events.ts'
import { catchOutputs, type CaughtOutput } from '../../lib/runtime/replay/capture.ts'
import {
  keysAmong,
  type OutputRecord,
  recordsGiven,
  recordsIn,
} from '../../lib/runtime/replay/difference.ts'
import type { SourcePorts } from '../../lib/runtime/sources/source-ports.ts'
import { loadPipelineCode } from '../../lib/tools/load-pipeline.ts'
import { LoadedFiles } from '../../lib/tools/loaded-files.ts'
import { endOfError } from '../errors.ts'
import { localPorts, localSources } from '../local-ports.ts'
import { checkLocations } from '../open-run.ts'
import type { DevOptions } from './dev-options.ts'
import { sampledFiles } from './sampled-files.ts'

/** What to run. */
export interface DevRequest extends DevOptions {
  readonly module: string
  /** The time of the first batch. The same for all saves, so that they can be compared. */
  readonly nowMs: number
}

/** What an output gave in a batch. */
export interface DevBatch {
  readonly timeMs: number
  readonly count: number
  /** The first of them. */
  readonly records: readonly OutputRecord[]
}

/** What a run has given. */
export interface DevResult {
  readonly batches: number
  readonly records: number
  readonly outputs: readonly { readonly id: string; readonly batches: readonly DevBatch[] }[]
  /** Records that were put aside: the first messages, and how many. */
  readonly deadLetters: readonly string[]
  readonly deadLetterCount: number
}

/** The answer to a request. */
export interface DevAnswer {
  /** What stood in the module and in what it imports, as far as they were found: by path. */
  readonly digests: Readonly<Record<string, string>>
  /** A file that an import names and that is not there. */
  readonly missing?: string
  readonly result?: DevResult
  readonly error?: string
}

/** The most that goes to the process that shows it. */
const RECORDS_MAX = 2_000
const CHARACTERS_MAX = 400
const DEAD_LETTERS_MAX = 5

/** What comes before the answer: a file is loaded, with the digest of what stood in it. */
export interface DevLoaded {
  readonly loaded: Readonly<Record<string, string>>
}

/**
 * Runs a module. Never rejects. `onLoaded`: called before a file is compiled, so also for one that
 * never comes to its end.
 */
export const devRun = async (
  request: DevRequest,
  onLoaded: (loaded: DevLoaded) => void,
): Promise<DevAnswer> => {
  const loading = new LoadedFiles((path, digest) => onLoaded({ loaded: { [path]: digest } }))
  try {
    const { plan } = await loadPipelineCode(request.module, loading)
    return { digests: loading.digests, ...(await runPlan(plan, request)) }
  } catch (error) {
    const missing = missingFile(error)
    return {
      digests: loading.digests,
      ...(missing === undefined ? {} : { missing }),
      error: printable(endOfError(error).error.message),
    }
  }
}

/** The file that an import did not find, as Node names it. */
const missingFile = (error: unknown): string | undefined => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { url } = cause as Error & { readonly url?: unknown }
    if (typeof url === 'string' && url.startsWith('file:')) return fileURLToPath(url)
  }
  return undefined
}

/** Hears what happens, and catches what outputs give. */
class Seen {
  readonly outputs = new Map<string, DevBatch[]>()
  readonly deadLetters: string[] = []
  deadLetterCount = 0
  batches = 0
  records = 0
  /** Why a batch has failed, with the line of the user. */
  failed: string | undefined
  #room = RECORDS_MAX

  readonly caught = (output: CaughtOutput): void => {
    const { id, timeMs, elements, files } = output
    const all = files === undefined ? recordsGiven(output) : recordsIn(files, keysAmong(elements))
    const kept = all.slice(0, this.#room).map(cutRecord)
    this.#room -= kept.length
    const batches = this.outputs.get(id) ?? []
    batches.push({ timeMs, count: all.length, records: kept })
    this.outputs.set(id, batches)
  }

  readonly listen = (event: RuntimeEvent): void => {
    if (event.event === 'batchCompleted') {
      this.batches += 1
      this.records += event.records
    }
    if (event.event === 'deadLetter') {
      this.deadLetterCount += 1
      if (this.deadLetters.length < DEAD_LETTERS_MAX)
        this.deadLetters.push(
          [event.message, event.thrownAt ?? event.declaredAt].filter(Boolean).join('\n  at: '),
        )
    }
    if (event.event === 'batchFailed' || event.event === 'failed') {
      const { message, thrownAt, declaredAt } = event
      const at = thrownAt ?? declaredAt
      const isSaid = at === undefined || message.includes(at)
      this.failed = isSaid ? message : `${message}\n  at:      ${at}`
    }
  }
}

const cutRecord = ({ text, key }: OutputRecord): OutputRecord => ({
  text: cutText(text, CHARACTERS_MAX),
  ...(key === undefined ? {} : { key: cutText(key, CHARACTERS_MAX) }),
})

const runPlan = async (
  plan: Plan,
  request: DevRequest,
): Promise<Pick<DevAnswer, 'result' | 'error'>> => {
  const seen = new Seen()
  const { runner } = await composeInMemory(plan, request, seen)
  try {
    const outcome = await new Driver(runner).run({ aheadOfClock: true })
    if (outcome.kind !== 'idle') return { error: printable(seen.failed ?? outcome.kind) }
  } finally {
    await runner.outputs.close()
  }
  return {
    result: {
      batches: seen.batches,
      records: seen.records,
      outputs: plan.outputs.map(({ id }) => ({ id, batches: seen.outputs.get(id) ?? [] })),
      deadLetters: seen.deadLetters.map(printable),
      deadLetterCount: seen.deadLetterCount,
    },
  }
}

const composeInMemory = async (
  given: Plan,
  { bindings, records, runForeach, nowMs }: DevRequest,
  seen: Seen,
): Promise<Composition> => {
  const sources = withSamples(localSources({ isOnce: true, bindings }), { records, nowMs })
  const { options, ...plan } = catchOutputs(given, {
    caught: seen.caught,
    runForeach,
    isWritten: false,
  })
  const ports = localPorts(memoryItemStore(), { sources, printer: { print: () => undefined } })
  const bound = bindPlan(given, { bindings, cwd: process.cwd(), sources, sinks: ports.sinks })
  checkLocations({ plan: given, bound, sources })
  const composition = await compose({
    // Each file is a batch of its own.
    plan: {
      ...plan,
      options: { ...options, limits: { ...options.limits, objects: 1, growth: 1 } },
    },
    generation: 1,
    ports: { ...ports, clock: { ...ports.clock, now: () => nowMs } },
    locations: bound.sources,
    locateOutput: bound.locateOutput,
    listen: seen.listen,
    leaseMs: 0,
  })
  const [fed] = composition.receivers
  if (fed !== undefined) throw notFiles(given, fed.source)
  return composition
}

const withSamples = (
  { files, ...others }: SourcePorts,
  sample: Pick<DevRequest, 'records' | 'nowMs'>,
): SourcePorts =>
  files === undefined
    ? others
    : {
        ...others,
        files: {
          ...files,
          open: (location, watching) =>
            sampledFiles(files.open(location, { ...watching, stableForMs: 0 }), sample),
        },
      }

const notFiles = ({ sources }: Plan, id: string): MillraceError => {
  const declared = sources.find((one) => one.id === id)?.node.source
  const name = declared === undefined ? id : sourceName(id, declared)
  return new MillraceError('BINDING_UNFIT', {
    problem: `${name} is not bound to files, and each save would have to read it again`,
    value: name,
    allowed: 'a directory, a file or a pattern',
    fix: `save some of its records first, and bind them: --bind ${name}=sample.txt`,
  })
}
