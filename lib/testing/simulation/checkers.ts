/**
 * The promises of the batch protocol, checked at every write of the store and of the outputs. Each checker is named after its invariant in
 * docs/architecture.md; `totals` recomputes the results from scratch, and `assertion` is an invariant that the code itself found broken.
 */
import type { BatchPlan } from '../../runtime/batch-plan.ts'
import type { LanesSlice } from '../../runtime/sources/lane-source.ts'
import type { Block } from '../../state/blocks.ts'
import { type Head, headFromItem } from '../../state/head.ts'
import { BEGINNING, isAfter, type Lane, laneFromItem } from '../../state/lanes.ts'
import { segmentKeys } from '../../state/segments.ts'
import { Mirror } from './mirror.ts'
import type { Observer, OutputWrite, StoreWrite } from './simulated-ports.ts'
import { APP, recount, WordModel } from './word-model.ts'
import type { Environment } from './world.ts'

/** The names of all checkers: those of the invariants in docs/architecture.md, and four more. */
export const checkerNames = ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B10', 'B11', 'B12', 'totals', 'assertion', 'progress'] as const

/** The name of a checker. */
export type CheckerName = (typeof checkerNames)[number]

/** What a checker has found. */
export interface Violation {
  readonly checker: CheckerName
  readonly what: string
}

/** What is true outside of the system: the records that were sent, and where the outputs lie. */
export interface Truth {
  /** The lines of each lane, in order: position 1 is the first. */
  readonly lines: ReadonlyMap<string, readonly string[]>
  readonly files: () => ReadonlyMap<string, Uint8Array>
  readonly intervalMs: number
}

const text = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8'))

export class Checkers implements Observer {
  readonly violations: Violation[] = []
  readonly mirror: Mirror = new Mirror(APP)
  readonly model: WordModel = new WordModel()
  readonly #truth: Truth
  readonly #owners = new Set<string>()
  readonly #writerOfEpoch = new Map<number, { readonly environment: Environment; readonly timeMs: number }>()
  readonly #outputs = new Map<string, string>()
  /** Who put the head to rest last. */
  #rester: Environment | undefined

  constructor(truth: Truth) {
    this.#truth = truth
  }

  fail(checker: CheckerName, what: string): void {
    this.violations.push({ checker, what })
  }

  #expect(checker: CheckerName, holds: boolean, what: () => string): void {
    if (!holds) this.fail(checker, what())
  }

  stored(write: StoreWrite): void {
    const { partition, sort } = write.key
    const isDeletion = write.before !== undefined && write.after === undefined
    if (isDeletion) this.#checkDeletion(write)
    this.mirror.take(write)
    if (write.after === undefined) return
    if (partition === `${APP}#head`)
      this.#checkHead(write.before && headFromItem(write.before), headFromItem(write.after), write.environment)
    if (partition.startsWith(`${APP}#in#`)) {
      const [source = '', lane = ''] = sort.split('#')
      this.#checkLane(write.before && laneFromItem(source, lane, write.before), laneFromItem(source, lane, write.after))
    }
    const mayExpire = partition.startsWith(`${APP}#hist#`) || partition.startsWith(`${APP}#dlq#`)
    this.#expect('B11', mayExpire || write.after['ttl'] === undefined, () => `${partition} carries a TTL`)
  }

  #checkHead(before: Head | undefined, after: Head, environment: Environment): void {
    if (before === undefined) return
    const isWake =
      before.status === 'rest' &&
      after.status === 'running' &&
      after.epoch === before.epoch &&
      after.doneMs === before.doneMs &&
      after.generation === before.generation
    this.#expect(
      'B10',
      after.generation >= before.generation,
      () => `the generation goes back from ${before.generation} to ${after.generation}`,
    )
    this.#expect(
      'B10',
      isWake || environment.generation === after.generation,
      () => `${environment.name} of generation ${environment.generation} writes a head of ${after.generation}`,
    )
    this.#expect('B6', after.doneMs >= before.doneMs, () => `done goes back from ${before.doneMs} to ${after.doneMs}`)
    this.#expect('B6', (after.doneMs - after.zeroMs) % this.#truth.intervalMs === 0, () => `done is ${after.doneMs}, off the grid`)
    if (after.status === 'rest') this.#rester = environment
    if (after.epoch !== before.epoch) this.#checkLog(before, after, environment)
    if (after.doneMs !== before.doneMs) this.#checkCommit(before, after, environment)
    else if (before.logged !== undefined) this.#checkStillLogged(before, after)
    this.#checkReachable()
  }

  #checkLog(before: Head, after: Head, environment: Environment): void {
    const { owner = '', logged, epoch } = after
    this.#expect('B2', epoch === before.epoch + 1, () => `the epoch goes from ${before.epoch} to ${epoch}`)
    this.#expect('B2', owner !== '' && !this.#owners.has(owner), () => `the attempt id ${owner} is not new`)
    this.#owners.add(owner)
    if (logged === undefined) return this.fail('B2', `epoch ${epoch} logs no batch`)
    this.#expect('B6', logged.timeMs > before.doneMs, () => `a batch at ${logged.timeMs} is logged after ${before.doneMs} is done`)
    this.#writerOfEpoch.set(epoch, { environment, timeMs: logged.timeMs })
    const plan = this.mirror.plan(logged.plan)
    if (plan === undefined) return this.fail('B11', `the plan of ${logged.timeMs} is not in the store`)
    if (before.logged === undefined) this.#checkMembership(plan, before.cuts)
  }

  #checkStillLogged(before: Head, after: Head): void {
    const was = before.logged && this.mirror.plan(before.logged.plan)
    const is = after.logged && this.mirror.plan(after.logged.plan)
    this.#expect('B2', JSON.stringify(was) === JSON.stringify(is), () => `the logged batch at ${was?.timeMs} changes`)
  }

  /** A batch takes what follows the last cut, without gap or repetition, and its own cut is where that ends. */
  #checkMembership(plan: BatchPlan, cuts: Head['cuts']): void {
    for (const [source, slice] of Object.entries(plan.slices)) {
      const { lanes, cut } = slice as LanesSlice
      for (const lane of new Set([...Object.keys(cut), ...lanes.map((taken) => taken.lane)])) {
        let position = cuts[source]?.[lane] ?? BEGINNING
        for (const entry of lanes.find((taken) => taken.lane === lane)?.entries ?? []) {
          const follows = BigInt(entry.first) === BigInt(position) + 1n
          this.#expect('totals', follows, () => `the batch at ${plan.timeMs} takes ${entry.first} of ${lane} after ${position}`)
          position = entry.last
        }
        this.#expect(
          'totals',
          cut[lane] === position,
          () => `the batch at ${plan.timeMs} ends at ${position} of ${lane} and cuts at ${cut[lane]}`,
        )
      }
    }
  }

  #checkCommit(before: Head, after: Head, environment: Environment): void {
    const timeMs = after.doneMs
    this.#expect('B5', before.logged?.timeMs === timeMs, () => `${timeMs} is committed and ${before.logged?.timeMs} was logged`)
    this.#expect(
      'B5',
      before.owner !== undefined && this.#writerOfEpoch.get(before.epoch)?.environment === environment,
      () => `${environment.name} commits ${timeMs} without the lease`,
    )
    this.#expect(
      'B5',
      after.epoch === before.epoch && after.owner === undefined && after.logged === undefined,
      () => `the commit of ${timeMs} leaves the lease or the log`,
    )
    const manifest = this.mirror.manifest(after.manifest)
    if (manifest === undefined || before.logged === undefined) return this.fail('B5', `${timeMs} is committed without a manifest or a log`)
    this.#expect('B5', manifest.timeMs === timeMs, () => `the manifest of ${timeMs} is for ${manifest.timeMs}`)
    const plan = this.mirror.plan(before.logged.plan)
    const lines = plan === undefined ? [] : this.#linesOf(plan)
    const expected = this.model.outputsOf(lines)
    for (const [prefix, want] of Object.entries(expected)) {
      const got = text(this.#truth.files().get(`${prefix}-${timeMs}/part-00000`))
      this.#expect('B4', got !== undefined, () => `${timeMs} is committed and ${prefix} is not written`)
      this.#expect(
        'totals',
        got === undefined || got === want,
        () => `${prefix}-${timeMs} holds ${JSON.stringify(got)} and not ${JSON.stringify(want)}`,
      )
    }
    this.model.commit(lines)
    const state = Object.fromEntries(
      this.mirror.state(manifest, 'updateStateByKey-1').map(([word, tally]) => [`=${String(word)}`, (tally as { n: number }).n]),
    )
    const totals = Object.fromEntries([...this.model.totals].map(([word, n]) => [`=${word}`, n]))
    this.#expect(
      'totals',
      sameCounts(state, totals),
      () => `the state after ${timeMs} is ${JSON.stringify(state)} and not ${JSON.stringify(totals)}`,
    )
  }

  #linesOf(plan: BatchPlan): readonly string[] {
    return Object.values(plan.slices).flatMap((slice) =>
      (slice as LanesSlice).lanes.flatMap(({ lane, entries }) =>
        entries.flatMap((entry) => (this.#truth.lines.get(lane) ?? []).slice(Number(entry.first) - 1, Number(entry.last))),
      ),
    )
  }

  /** B1: what is stored of a lane behind the cut is what was sent, each record once, up to the tail. */
  #checkLane(before: Lane | undefined, after: Lane): void {
    this.#expect(
      'B1',
      isAfter(after.tail, before?.tail ?? BEGINNING),
      () => `the tail of ${after.lane} goes from ${before?.tail} to ${after.tail}`,
    )
    let position = BigInt(this.mirror.head()?.cuts[after.source]?.[after.lane] ?? BEGINNING)
    const blocks = after.entries.flatMap((entry) => entry.blocks).filter(({ at }) => BigInt(at) > position)
    for (const ref of blocks) {
      const block = this.mirror.segment(ref) as Block | undefined
      if (block === undefined) return this.fail('B11', `a block of ${after.lane} is appended and not stored`)
      this.#expect('B1', BigInt(block.first) === position + 1n, () => `${after.lane} goes on at ${block.first} after ${position}`)
      const sent = (this.#truth.lines.get(after.lane) ?? []).slice(Number(block.first) - 1, Number(ref.at))
      this.#expect(
        'B1',
        JSON.stringify(block.records) === JSON.stringify(sent),
        () => `the block of ${after.lane} from ${block.first} is not what was sent`,
      )
      position = BigInt(ref.at)
    }
    this.#expect('B1', String(position) === after.tail, () => `${after.lane} ends at ${position} and its tail is ${after.tail}`)
  }

  /** The source was told that everything up to this position is safe. */
  acknowledged(lane: string, position: string): void {
    const tail = this.mirror.lanes().find((found) => found.lane === lane)?.tail ?? BEGINNING
    this.#expect('B1', !isAfter(position, tail), () => `${lane} was acknowledged up to ${position} and stored up to ${tail}`)
  }

  outputting({ environment, path, parts, fence }: OutputWrite): void {
    const log = this.#writerOfEpoch.get(fence.epoch)
    this.#expect('B2', log !== undefined, () => `${environment.name} writes ${path} under epoch ${fence.epoch}, which was never logged`)
    this.#expect(
      'B2',
      log === undefined || log.environment === environment,
      () => `${environment.name} writes ${path} under the epoch ${fence.epoch} of ${log?.environment.name}`,
    )
    this.#expect(
      'B4',
      log === undefined || path.endsWith(`-${log.timeMs}`),
      () => `epoch ${fence.epoch} is for ${log?.timeMs} and writes ${path}`,
    )
    const bytes = text(Buffer.concat(parts)) ?? ''
    this.#expect(
      'B3',
      (this.#outputs.get(path) ?? bytes) === bytes,
      () => `${path} was ${JSON.stringify(this.#outputs.get(path))} and is ${JSON.stringify(bytes)} now`,
    )
    this.#outputs.set(path, bytes)
  }

  #checkDeletion({ key, environment }: StoreWrite): void {
    if (!key.partition.startsWith(`${APP}#seg#`)) return this.fail('B11', `${environment.name} deletes ${key.partition}/${key.sort}`)
    const isReachable = this.mirror
      .reachable()
      .some((ref) => segmentKeys(APP, ref).some(({ partition, sort }) => partition === key.partition && sort === key.sort))
    this.#expect('B11', !isReachable, () => `${environment.name} deletes ${key.partition}/${key.sort}, which is reachable`)
  }

  #checkReachable(): void {
    for (const ref of this.mirror.reachable()) {
      for (const key of segmentKeys(APP, ref))
        this.#expect('B11', this.mirror.has(key), () => `${key.partition}/${key.sort} is reachable and gone`)
    }
  }

  /** When all is done: every record that was ever sent is counted, by a recount of everything that knows nothing of batches. */
  finished(): void {
    for (const [word, n] of recount([...this.#truth.lines.values()].flat())) {
      const total = this.model.totals.get(word)
      this.#expect('totals', total === n, () => `${word} was sent ${n} times, and its total is ${total}`)
    }
  }

  /**
   * No event is on its way: a head at rest must have nothing to do (B12), unless who put it to rest is still about to look again, or has
   * died before it could. The tick that comes every minute whatever happens is there for the latter.
   */
  quiet(): void {
    const head = this.mirror.head()
    if (head?.status !== 'rest' || this.#rester?.busy === true) return
    for (const { source, lane, tail } of this.mirror.lanes()) {
      const cut = head.cuts[source]?.[lane] ?? BEGINNING
      this.#expect('B12', !isAfter(tail, cut), () => `the head rests and ${lane} waits from ${cut} to ${tail}`)
    }
  }
}

const sameCounts = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([word, n]) => b[word] === n)
