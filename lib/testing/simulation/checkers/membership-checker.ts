import type { Plan } from '../../../dstream/plan.ts'
import type { BatchInput } from '../../../runtime/driver/batch-input.ts'
import type { SourceInput } from '../../../runtime/sources/source-reader.ts'
import type { ObjectsInput } from '../../../runtime/sources/objects/input.ts'
import type { LanesInput } from '../../../runtime/sources/lanes/read-input.ts'
import type { Block } from '../../../state/blocks.ts'
import type { Head } from '../../../state/head.ts'
import { BEGINNING, type BlockRef, isAfter } from '../../../state/lane-entries.ts'
import type { LaneOffsets } from '../../../state/offsets.ts'
import type { Upload } from '../cloud/bucket.ts'
import type { Sightings } from '../sightings.ts'
import type { Truth } from '../truth.ts'
import { isFiles, isLanes, isObjects } from './inputs.ts'
import { LoadChecker } from './load-checker.ts'
import type { Mirror } from './mirror.ts'
import type { Violations } from './violations.ts'

/**
 * The input of a batch, checked when the batch is first logged. It follows the last offsets, keeps
 * the limits (B8), and its blocks are in the store (B7).
 */
export class MembershipChecker {
  readonly #mirror: Mirror
  readonly #truth: Truth
  readonly #violations: Violations
  readonly #plan: Plan
  readonly #sightings: Sightings
  readonly #load: LoadChecker
  readonly #taken = new Set<string>()
  /** The input of the logged batch, as it was first logged. */
  #first: BatchInput | undefined

  constructor(parts: {
    readonly mirror: Mirror
    readonly truth: Truth
    readonly violations: Violations
    readonly plan: Plan
    readonly sightings: Sightings
  }) {
    this.#mirror = parts.mirror
    this.#truth = parts.truth
    this.#violations = parts.violations
    this.#plan = parts.plan
    this.#sightings = parts.sightings
    this.#load = new LoadChecker(parts.violations, parts.sightings, parts.plan)
  }

  logged(batch: BatchInput, before: Head): void {
    const { startedMs } = before
    this.#first = batch
    this.#load.logged(batch, before)
    const offsets = this.#mirror.laneOffsets()
    for (const [source, input] of Object.entries(batch.sources)) {
      const before = offsets[source] ?? {}
      this.#checkForward(batch, source, input, before)
      if (isLanes(input)) this.#checkLanes(batch, source, input, before)
      else if (isObjects(input)) this.#checkObjects(batch, source, input, startedMs)
      else if (!isFiles(input))
        this.#violations.fail('totals', `no check knows the input of ${source}: ${input.kind}`)
    }
  }

  /** The head was written, not by an operator. */
  headWritten(before: Head, after: Head): void {
    const isCommit = after.doneMs !== before.doneMs && before.logged !== undefined
    const input = isCommit ? this.#mirror.input(before.logged.input) : undefined
    this.#load.written(before, after, input)
  }

  /** A batch is committed or skipped: its uploads count as taken. */
  committed(batch: BatchInput): void {
    for (const [source, input] of Object.entries(batch.sources)) {
      this.#checkLosses(batch, input)
      if (!isObjects(input)) continue
      this.#checkGone(batch, source, input)
      for (const { key, version } of input.taken) {
        const name = `${source}\n${key}\n${version}`
        this.#violations.expect(
          'totals',
          !this.#taken.has(name),
          () => `${key} (${version}) is taken again at ${batch.timeMs}`,
        )
        this.#taken.add(name)
        if (this.#truth.upload(source, key, version)?.isUnannounced === true)
          this.#sightings.see('an object found by listing')
      }
    }
  }

  /** When all is done: every record and every upload that could be read is in a batch. */
  finished(startedMs: number): void {
    const known = new Map(
      this.#mirror.lanes().map(({ source, lane }) => [lane, this.#mirror.laneOffset(source, lane)]),
    )
    for (const lane of this.#truth.lanes.keys()) {
      const offset = known.get(lane) ?? BEGINNING
      const last = this.#truth.lastPut(lane, offset)
      this.#violations.expect(
        'totals',
        offset === last,
        () => `${lane} was put up to ${last} and is taken up to ${offset}`,
      )
    }
    for (const name of this.missed(startedMs))
      this.#violations.fail('totals', `${name} is in no batch`)
  }

  /** The uploads that could be read and are in no batch yet. */
  missed(startedMs: number): readonly string[] {
    return [...this.#truth.sourceNames].flatMap(([source, name]) => {
      const bucket = this.#truth.buckets.get(name)
      const isDue = (upload: Upload): boolean =>
        this.#canBeRead(upload, bucket?.versioned === true) &&
        (!upload.isUnannounced || this.#isNew(source, upload, startedMs))
      const due = (bucket?.uploads ?? []).filter(isDue)
      return due.flatMap(({ key, version }) =>
        this.#taken.has(`${source}\n${key}\n${version}`) ? [] : [`${key} (${version})`],
      )
    })
  }

  /** Without a notification, a version that a newer one has replaced cannot be found. */
  #canBeRead({ hidden, isUnannounced, unreadable }: Upload, versioned: boolean): boolean {
    if (unreadable === 'refused') return false
    return !hidden || (versioned && !isUnannounced)
  }

  /** Whether an object counts that a listing finds. What was announced counts in any case. */
  #isNew(source: string, { modifiedMs }: Pick<Upload, 'modifiedMs'>, startedMs: number): boolean {
    const declared = this.#plan.sources.find(({ id }) => id === source)?.node.source
    return declared?.files?.existing === 'all' || modifiedMs > startedMs
  }

  /** A notification means the current upload of its key, in a bucket without versions. */
  #isAnnounced(source: string, key: string): boolean {
    const bucket = this.#truth.buckets.get(this.#truth.sourceNames.get(source) ?? '')
    return bucket?.uploads.some((one) => one.key === key && !one.isUnannounced) === true
  }

  /** B7: the blocks that a batch skips can be read nowhere any more. */
  #checkLosses({ timeMs }: BatchInput, { lost = [] }: SourceInput): void {
    for (const { lane, first, last } of lost) {
      this.#violations.expect(
        'B7',
        this.#mirror.wasLost(lane, last) && !this.#truth.isKept(lane, first, last),
        () =>
          `the batch at ${timeMs} skips records that can be read: ${first} to ${last} of ` +
          `${lane}`,
      )
    }
  }

  /** B7: the same for the objects that a batch skips. */
  #checkGone({ timeMs }: BatchInput, source: string, { taken }: ObjectsInput): void {
    const logged = this.#first?.sources[source]
    const first = logged !== undefined && isObjects(logged) ? logged.taken : []
    const versioned =
      this.#truth.buckets.get(this.#truth.sourceNames.get(source) ?? '')?.versioned === true
    for (const { key, version } of first) {
      const isLeftOut = !taken.some((object) => object.key === key && object.version === version)
      const isThere =
        isLeftOut &&
        this.#truth.upload(source, key, version)?.unreadable !== 'refused' &&
        (versioned || this.#truth.upload(source, key, version)?.hidden === false)
      this.#violations.expect(
        'B7',
        !isThere,
        () => `the batch at ${timeMs} goes on without ${key} (${version}), which could be read`,
      )
    }
  }

  /**
   * The offset of a lane never goes back. A lane without one is read from where it was emptied, or
   * again from its beginning.
   */
  #checkForward(
    { timeMs }: BatchInput,
    source: string,
    { offsets }: SourceInput,
    before: LaneOffsets,
  ): void {
    for (const [lane, offset] of Object.entries(before)) {
      const after = offsets.lanes?.[lane] ?? this.#mirror.emptiedAt(source, lane)
      if (offsets.lanes?.[lane] === undefined) this.#sightings.see('an offset left out')
      this.#violations.expect(
        'totals',
        !isAfter(offset, after),
        () => `the batch at ${timeMs} takes the offset of ${lane} back from ${offset} to ${after}`,
      )
    }
  }

  #checkLanes(
    { timeMs }: BatchInput,
    source: string,
    { lanes, offsets: { lanes: after = {} } }: LanesInput,
    before: LaneOffsets,
  ): void {
    const expect = this.#violations.expect.bind(this.#violations)
    for (const lane of new Set([...Object.keys(after), ...lanes.map((taken) => taken.lane)])) {
      let position = before[lane] ?? this.#mirror.emptiedAt(source, lane)
      for (const { first, last, blocks } of lanes.find((taken) => taken.lane === lane)?.entries ??
        []) {
        const left = this.#truth
          .between(lane, position, String(BigInt(first) - 1n))
          .filter(({ garbled }) => !garbled)
        expect(
          'totals',
          isAfter(first, position) && left.length === 0,
          () => `the batch at ${timeMs} takes ${first} of ${lane} after ${position}`,
        )
        for (const ref of blocks) this.#checkBlock(timeMs, lane, ref)
        position = last
      }
      const pages = lanes.find((taken) => taken.lane === lane)?.pages ?? []
      if (pages.length > 0) this.#sightings.see('a page used up by a batch')
      expect(
        'totals',
        after[lane] === position,
        () =>
          `the batch at ${timeMs} ends at ${position} of ${lane}, and its offset is ${after[lane]}`,
      )
      const waiting = this.#truth.between(
        lane,
        position,
        this.#mirror.lanes().find((found) => found.lane === lane)?.tail ?? position,
      )
      if (waiting.length > 0) this.#sightings.see('a batch filled to its cap')
    }
  }

  #checkBlock(timeMs: number, lane: string, ref: BlockRef): void {
    const block = this.#mirror.segment(ref) as Block | undefined
    const { count, combinedFor } = ref
    this.#violations.expect(
      'B7',
      block !== undefined,
      () => `the batch at ${timeMs} pins a block of ${lane} that is not there`,
    )
    this.#violations.expect(
      'B7',
      block === undefined || combinedFor !== undefined || block.records.length === count,
      () => `a block of ${lane} holds ${block?.records.length} records and counts ${count}`,
    )
  }

  #checkObjects(
    { timeMs }: BatchInput,
    source: string,
    { taken, offsets: { listing } }: ObjectsInput,
    startedMs: number,
  ): void {
    if ((listing?.pending ?? []).length > 0) this.#sightings.see('an object left pending')
    for (const { key, version, dueMs } of taken) {
      const upload = this.#truth.upload(source, key, version)
      this.#violations.expect(
        'totals',
        upload !== undefined,
        () => `the batch at ${timeMs} takes ${key} (${version}), which was never put`,
      )
      this.#violations.expect(
        'totals',
        dueMs <= timeMs,
        () => `the batch at ${timeMs} takes ${key}, which is of ${dueMs}`,
      )
      const isNew =
        upload === undefined ||
        this.#isAnnounced(source, key) ||
        this.#isNew(source, upload, startedMs)
      this.#violations.expect(
        'totals',
        isNew,
        () => `the batch at ${timeMs} takes ${key}, which existed before the start`,
      )
    }
  }
}
