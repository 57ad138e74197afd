import type { BatchInput } from '../../../runtime/driver/batch-input.ts'
import type { PoisonLimits } from '../../../rdd/bad-records.ts'
import { valuesOfStored } from '../../../rdd/adds/accumulator-set.ts'
import { segmentOfVersion } from '../../../state/broadcasts.ts'
import type { Head } from '../../../state/head.ts'
import type { Manifest } from '../../../state/manifest.ts'
import type { Deployment, Environment } from '../environment.ts'
import {
  type ModelBatch,
  pairsText,
  type SimulatedPipeline,
  type TableFiles,
} from '../pipelines/pipeline.ts'
import type { Truth } from '../truth.ts'
import type { CombinedChecker } from './combined-checker.ts'
import { lanesOf } from './inputs.ts'
import type { LeaseChecker } from './lease-checker.ts'
import type { DeadLetterChecker } from './dead-letter-checker.ts'
import type { Mirror } from './mirror.ts'
import type { OutputChecker } from './output-checker.ts'
import { tablePlace, tableText } from './table-checker.ts'
import type { Violations } from './violations.ts'

/** What the checker works with. */
export interface BatchCheckerParts {
  readonly mirror: Mirror
  readonly truth: Truth
  readonly violations: Violations
  readonly leases: LeaseChecker
  readonly outputs: OutputChecker
  readonly pipeline: SimulatedPipeline
  readonly app: string
  readonly intervalMs: number
  readonly poison: PoisonLimits
  readonly deadLetters: DeadLetterChecker
  readonly combined: CombinedChecker
}

/** The rule of the breaker, made here once more: a checker must not ask the code that it checks. */
const isMostlyBad = (bad: number, count: number, { records, share }: PoisonLimits): boolean =>
  bad > records && bad > count * share

/**
 * Checks a commit: which process makes it (B5), its outputs (B4), its bad records (B9), and whether
 * outputs and state are those of the model (totals).
 */
export class BatchChecker {
  readonly #parts: BatchCheckerParts
  readonly #history: ModelBatch[] = []
  /** For each reset of the state: how many batches there were before it. */
  readonly #resets: number[] = [0]

  constructor(parts: BatchCheckerParts) {
    this.#parts = parts
  }

  committed(before: Head, after: Head, environment: Environment): BatchInput | undefined {
    const { violations, mirror, leases, outputs } = this.#parts
    const timeMs = after.doneMs
    violations.expect(
      'B5',
      before.logged?.timeMs === timeMs,
      () => `${timeMs} is committed and ${before.logged?.timeMs} was logged`,
    )
    violations.expect(
      'B5',
      before.owner !== undefined && leases.logOf(before.epoch)?.environment === environment,
      () => `${environment.name} commits ${timeMs} without the lease`,
    )
    const isFree =
      after.epoch === before.epoch && after.owner === undefined && after.logged === undefined
    violations.expect('B5', isFree, () => `the commit of ${timeMs} leaves the lease or the log`)
    const manifest = mirror.manifest(after.manifest)
    const input = before.logged && mirror.input(before.logged.input)
    if (manifest === undefined || input === undefined) {
      violations.fail('B5', `${timeMs} is committed without a manifest or a log`)
      return undefined
    }
    violations.expect(
      'B5',
      manifest.timeMs === timeMs,
      () => `the manifest of ${timeMs} is for ${manifest.timeMs}`,
    )
    this.#checkPoison(input, environment.deployment)
    this.#follow(input, environment.deployment, after.zeroMs)
    const { outputs: finished } = after.afterCommit ?? manifest
    const tables = Object.entries(this.#wanted(this.#history.length).tables)
    for (const [table, files] of tables) outputs.tableCommitted(table, files)
    this.#checkOutputs(this.#history.length, (path) => outputs.textWhenCommitted(finished, path))
    this.#checkNoOthers(timeMs, finished)
    this.#checkStates(manifest)
    this.#checkAccumulators({ ...manifest, ...after.afterCommit })
    return input
  }

  /** An operator has skipped a batch, which leaves the state as it was, or has reset the state. */
  operated({ doneMs, manifest: ref }: Head, isReset: boolean): void {
    const { violations, mirror } = this.#parts
    if (isReset) this.#resets.push(this.#history.length)
    const manifest = mirror.manifest(ref)
    violations.expect(
      'B5',
      manifest?.timeMs === doneMs,
      () => `the manifest of ${doneMs} is for ${manifest?.timeMs}`,
    )
    if (manifest === undefined) return
    this.#checkStates(manifest)
    this.#checkAccumulators(manifest)
  }

  /** The batches that the state after a batch is made of: those since the last reset. */
  #historyUpTo(upTo: number): readonly ModelBatch[] {
    const begin = this.#resets.findLast((reset) => reset < upTo) ?? 0
    return this.#history.slice(begin, upTo)
  }

  /** The time at which the pipeline will give something new without new input. */
  get nextMs(): number | undefined {
    const { pipeline, intervalMs } = this.#parts
    const history = this.#history.slice(this.#resets.at(-1))
    return history.length === 0 ? undefined : pipeline.nextMs?.(history, intervalMs)
  }

  /** At the end all outputs must be complete, with what was committed. */
  finished(): void {
    const { outputs } = this.#parts
    outputs.finished()
    for (let upTo = 1; upTo <= this.#history.length; upTo++)
      this.#checkOutputs(upTo, (path) => outputs.textOf(path))
  }

  #follow(input: BatchInput, deployment: Deployment, zeroMs: number): void {
    const { truth, pipeline, combined } = this.#parts
    const { code, change } = deployment
    const all = truth.linesOf(input, (ref) => combined.codeOf(ref, deployment))
    const good = Object.entries(all).map(
      ([source, some]) =>
        [
          source,
          some.filter(({ line, by = code }) => pipeline.isPoison?.(line, by) !== true),
        ] as const,
    )
    const lines = Object.fromEntries(
      good.map(([source, some]) => [source, some.map(({ line }) => line)]),
    )
    const codes = Object.fromEntries(
      good.map(([source, some]) => [source, some.map(({ by = code }) => by)]),
    )
    const values = Object.fromEntries(
      Object.entries(input.broadcasts ?? {}).map(([name, version]) => [
        name,
        this.#parts.mirror.segment(segmentOfVersion(version)),
      ]),
    )
    this.#history.push({ timeMs: input.timeMs, zeroMs, lines, codes, code, change, values })
  }

  /** What the model gives for the last of so many batches: each output as a text, by its path. */
  #wanted(upTo: number): {
    readonly timeMs: number
    readonly texts: ReadonlyMap<string, string>
    readonly tables: Readonly<Record<string, TableFiles>>
  } {
    const { pipeline, intervalMs } = this.#parts
    const history = this.#historyUpTo(upTo)
    const batch = history.at(-1) as ModelBatch
    const { timeMs } = batch
    const tables = pipeline.tables?.(batch, history, intervalMs) ?? {}
    const texts = new Map([
      ...Object.entries(pipeline.outputs(batch, history, intervalMs)).map(
        ([prefix, text]) => [`${prefix}-${timeMs}`, text] as const,
      ),
      // What has no rows writes nothing.
      ...Object.entries(tables)
        .filter(([, { size }]) => size > 0)
        .map(([table, files]) => [tablePlace(table, timeMs), tableText(files)] as const),
    ])
    return { timeMs, texts, tables }
  }

  #checkOutputs(upTo: number, textOf: (path: string) => string | undefined): void {
    const { violations } = this.#parts
    const { timeMs, texts } = this.#wanted(upTo)
    for (const [path, want] of texts) {
      const got = textOf(path)
      violations.expect(
        'B4',
        got !== undefined,
        () => `${timeMs} is committed and ${path} is not written`,
      )
      const isRight = got === undefined || got === want
      violations.expect(
        'totals',
        isRight,
        () => `${path} holds ${JSON.stringify(got)} and not ${JSON.stringify(want)}`,
      )
    }
  }

  /** A batch shows no output that the model does not have. */
  #checkNoOthers(timeMs: number, finished: Manifest['outputs'] = []): void {
    const { violations } = this.#parts
    const { texts } = this.#wanted(this.#history.length)
    for (const { location } of finished)
      violations.expect(
        'B4',
        texts.has(location.path),
        () => `${timeMs} shows ${location.path}, which it should not have written`,
      )
  }

  #checkStates(manifest: Manifest): void {
    const { mirror, violations, pipeline } = this.#parts
    const history = this.#history.slice(this.#resets.at(-1))
    for (const [node, want] of Object.entries(pipeline.states?.(history) ?? {})) {
      const got = pairsText(
        mirror
          .state(manifest, node)
          .map(([key, value]) => [String(key), JSON.stringify(value)] as const),
      )
      violations.expect(
        'totals',
        got === want,
        () => `the state ${node} after ${manifest.timeMs} is ${got} and not ${want}`,
      )
    }
  }

  #checkAccumulators({ timeMs, accumulators }: Manifest): void {
    const { violations, pipeline } = this.#parts
    const values = valuesOfStored(accumulators)
    const history = this.#history.slice(this.#resets.at(-1))
    for (const [name, want] of Object.entries(pipeline.accumulators?.(history) ?? {})) {
      const got = values[name] ?? (typeof want === 'number' ? 0 : [])
      violations.expect(
        'totals',
        JSON.stringify(got) === JSON.stringify(want),
        () =>
          `the accumulator ${name} after ${timeMs} is ${JSON.stringify(got)} and not ` +
          JSON.stringify(want),
      )
    }
  }

  /**
   * Each record that a function throws on is a dead letter by now. With too many of them in one
   * block, the batch may not be committed at all.
   */
  #checkPoison(input: BatchInput, deployment: Deployment): void {
    const { truth, pipeline, violations, deadLetters, combined } = this.#parts
    if (pipeline.isPoison === undefined) return
    for (const [source, taken] of Object.entries(input.sources)) {
      for (const { lane, entries } of lanesOf(taken)) {
        for (const ref of entries.flatMap(({ blocks }) => blocks)) {
          const { at, first, count } = ref
          const code = combined.codeOf(ref, deployment)
          const bad = truth
            .block(lane, first, at)
            .filter(({ line }) => pipeline.isPoison?.(line, code) === true)
          violations.expect(
            'B9',
            !isMostlyBad(bad.length, count, this.#parts.poison),
            () =>
              `the batch at ${input.timeMs} is committed though ${bad.length} of ${count} ` +
              'records are bad',
          )
          for (const { position, line } of bad) {
            deadLetters.putAside(line)
            violations.expect(
              'B9',
              deadLetters.isAside(source, `${lane}#${position}`),
              () => `the bad record at ${position} of ${lane} is no dead letter`,
            )
          }
        }
      }
    }
  }
}
