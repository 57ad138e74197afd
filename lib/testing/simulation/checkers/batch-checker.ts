import type { BatchPlan } from '../../../runtime/batch-plan.ts'
import type { LanesSlice } from '../../../runtime/sources/lane-source.ts'
import { POISON_RECORDS_MAX } from '../../../rdd/pour.ts'
import type { Head } from '../../../state/head.ts'
import type { Code, Environment } from '../environment.ts'
import { type ModelBatch, pairsText, type SimulatedPipeline } from '../pipelines/pipeline.ts'
import type { Truth } from '../truth.ts'
import type { LeaseChecker } from './lease-checker.ts'
import type { LetterChecker } from './letter-checker.ts'
import type { Mirror } from './mirror.ts'
import type { OutputChecker } from './output-checker.ts'
import type { Verdicts } from './verdicts.ts'

/** What it checks with. */
export interface BatchCheckerParts {
  readonly mirror: Mirror
  readonly truth: Truth
  readonly verdicts: Verdicts
  readonly leases: LeaseChecker
  readonly outputs: OutputChecker
  readonly pipeline: SimulatedPipeline
  readonly app: string
  readonly intervalMs: number
  readonly letters: LetterChecker
}

/** What a commit makes true: by whom (B5), with which outputs (B4), poison put aside (B9), and all of it as the model has it (totals). */
export class BatchChecker {
  readonly #parts: BatchCheckerParts
  readonly #history: ModelBatch[] = []

  constructor(parts: BatchCheckerParts) {
    this.#parts = parts
  }

  committed(before: Head, after: Head, environment: Environment): BatchPlan | undefined {
    const { verdicts, mirror, leases } = this.#parts
    const timeMs = after.doneMs
    verdicts.expect('B5', before.logged?.timeMs === timeMs, () => `${timeMs} is committed and ${before.logged?.timeMs} was logged`)
    verdicts.expect(
      'B5',
      before.owner !== undefined && leases.logOf(before.epoch)?.environment === environment,
      () => `${environment.name} commits ${timeMs} without the lease`,
    )
    const isFree = after.epoch === before.epoch && after.owner === undefined && after.logged === undefined
    verdicts.expect('B5', isFree, () => `the commit of ${timeMs} leaves the lease or the log`)
    const manifest = mirror.manifest(after.manifest)
    const plan = before.logged && mirror.plan(before.logged.plan)
    if (manifest === undefined || plan === undefined) {
      verdicts.fail('B5', `${timeMs} is committed without a manifest or a log`)
      return undefined
    }
    verdicts.expect('B5', manifest.timeMs === timeMs, () => `the manifest of ${timeMs} is for ${manifest.timeMs}`)
    this.#checkPoison(plan, environment.deployment.code)
    this.#follow(plan, environment.deployment.code, after.zeroMs)
    this.#checkOutputs(this.#history.length)
    this.#checkStates(timeMs, (node) =>
      pairsText(mirror.state(manifest, node).map(([key, value]) => [String(key), JSON.stringify(value)] as const)),
    )
    return plan
  }

  /** When the pipeline has something else to give by itself. */
  get nextMs(): number | undefined {
    const { pipeline, intervalMs } = this.#parts
    return this.#history.length === 0 ? undefined : pipeline.nextMs?.(this.#history, intervalMs)
  }

  /** At the end all files still are as they were when their batches were committed. */
  finished(): void {
    for (let upTo = 1; upTo <= this.#history.length; upTo++) this.#checkOutputs(upTo)
  }

  #follow(plan: BatchPlan, code: Code, zeroMs: number): void {
    const { truth, pipeline } = this.#parts
    const isGood = (line: string): boolean => pipeline.isPoison?.(line, code) !== true
    const lines = Object.fromEntries(Object.entries(truth.linesOf(plan)).map(([source, all]) => [source, all.filter(isGood)]))
    this.#history.push({ timeMs: plan.timeMs, zeroMs, lines, code })
  }

  #checkOutputs(upTo: number): void {
    const { verdicts, outputs, pipeline, intervalMs } = this.#parts
    const history = this.#history.slice(0, upTo)
    const batch = history.at(-1) as ModelBatch
    for (const [prefix, want] of Object.entries(pipeline.outputs(batch, history, intervalMs))) {
      const got = outputs.textOf(`${prefix}-${batch.timeMs}`)
      verdicts.expect('B4', got !== undefined, () => `${batch.timeMs} is committed and ${prefix} is not written`)
      const isRight = got === undefined || got === want
      verdicts.expect('totals', isRight, () => `${prefix}-${batch.timeMs} holds ${JSON.stringify(got)} and not ${JSON.stringify(want)}`)
    }
  }

  #checkStates(timeMs: number, stateOf: (node: string) => string): void {
    for (const [node, want] of Object.entries(this.#parts.pipeline.states?.(this.#history) ?? {})) {
      const got = stateOf(node)
      this.#parts.verdicts.expect('totals', got === want, () => `the state ${node} after ${timeMs} is ${got} and not ${want}`)
    }
  }

  /** Each record that a function throws on is in the dead letters by now; too many in one block, and nothing may be true at all. */
  #checkPoison(plan: BatchPlan, code: Code): void {
    const { truth, pipeline, verdicts, mirror, app, letters: aside } = this.#parts
    if (pipeline.isPoison === undefined) return
    const letters = mirror.sortKeys(`${app}#dlq#`)
    for (const [source, slice] of Object.entries(plan.slices)) {
      for (const { lane, entries } of (slice as LanesSlice).lanes ?? []) {
        for (const { at, first, count } of entries.flatMap(({ blocks }) => blocks)) {
          const bad = truth.block(lane, first, at).filter(({ line }) => pipeline.isPoison?.(line, code) === true)
          const isBroken = bad.length > POISON_RECORDS_MAX && bad.length > count / 100
          verdicts.expect('B9', !isBroken, () => `the batch at ${plan.timeMs} is true though ${bad.length} of ${count} records are bad`)
          for (const { position, line } of bad) {
            aside.putAside(line)
            const isAside = letters.some((sort) => sort.startsWith(`${source}#${lane}#${position}#`))
            verdicts.expect('B9', isAside, () => `the bad record at ${position} of ${lane} is put aside nowhere`)
          }
        }
      }
    }
  }
}
