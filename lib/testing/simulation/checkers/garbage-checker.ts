import { blobName } from '../../../adapters/blob-item-store.ts'
import type { ItemKey } from '../../../ports/item-store.ts'
import { sortableTime } from '../../../state/item-keys.ts'
import { keptRef } from '../../../state/kept-tasks.ts'
import { segmentKeys } from '../../../state/segments.ts'
import type { Environment } from '../environment.ts'
import type { StoreWrite } from '../ports/observer.ts'
import type { Mirror } from './mirror.ts'
import type { Violations } from './violations.ts'

const DAY_MS = 86_400_000

/** So many batches later, a sweep has found what nothing names. Calls may have failed. */
const REMOVED_AFTER = 10

/** How many manifests before the newest are kept in any case. The others are snapshots. */
const LAST_MANIFESTS = 2

/** Whether an item belongs to what was kept of the tasks of a batch: its name says so. */
export const isKeptTask = ({ partition, sort }: ItemKey): boolean =>
  partition.includes('#seg#@batch') && sort.includes('.k')

const sameBytes = (a: unknown, b: unknown): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : a === b

/** B11: nothing reachable is deleted, expires, is missing, or is written over. */
export class GarbageChecker {
  readonly #mirror: Mirror
  readonly #violations: Violations
  readonly #app: string
  readonly #blobNames = new Map<string, string>()
  /** What heads have named of tasks that were kept, and is stored, with the time of its batch. */
  readonly #keptTasks = new Map<string, string>()
  /** The batch times that were committed since something is kept for replays. */
  readonly #committedMs: number[] = []
  /** The times of the last batches. */
  #doneMs: readonly number[] = []

  constructor(mirror: Mirror, violations: Violations, app: string) {
    this.#mirror = mirror
    this.#violations = violations
    this.#app = app
  }

  /** An item is about to be deleted. */
  deleting({ key, environment, before }: StoreWrite): void {
    const { partition, sort } = key
    this.#keptTasks.delete(`${partition}/${sort}`)
    if (environment === undefined)
      return this.#checkExpired(partition, before?.['ttl'] !== undefined)
    // Another checker judges dead letters of records that are redriven.
    if (partition.startsWith(`${this.#app}#dlq#`)) return
    if (partition.startsWith(`${this.#app}#obj#`) && partition.endsWith('/files'))
      return this.#checkLedger(environment, key)
    if (!partition.startsWith(`${this.#app}#seg#`))
      return this.#violations.fail('B11', `${environment.name} deletes ${partition}/${sort}`)
    const isReachable = this.#keys().some(
      (reachable) => reachable.partition === partition && reachable.sort === sort,
    )
    this.#violations.expect(
      'B11',
      !isReachable,
      () => `${environment.name} deletes ${partition}/${sort}, which is reachable`,
    )
    this.#checkReplayed(environment, key)
  }

  /** Nothing is deleted that a replay of the kept time needs. */
  #checkReplayed({ name }: Environment, { partition, sort }: ItemKey): void {
    const needed = this.#mirror
      .neededByReplays()
      .flatMap((ref) => segmentKeys(this.#app, ref))
      .some((key) => key.partition === partition && key.sort === sort)
    this.#violations.expect(
      'B11',
      !needed,
      () => `${name} deletes ${partition}/${sort}, which replays need`,
    )
  }

  /** The head has changed: replays can begin at or before the kept time. */
  #checkSnapshots(): void {
    const newest = this.#mirror.manifest(this.#mirror.head()?.manifest)
    if (newest === undefined) return
    const { timeMs, keptForReplayMs, previous } = newest
    if (keptForReplayMs === undefined || previous.length === 0) this.#committedMs.length = 0
    if (this.#committedMs.at(-1) !== timeMs) this.#committedMs.push(timeMs)
    if (keptForReplayMs === undefined) return
    const beginMs = timeMs - keptForReplayMs
    const kept = [timeMs, ...previous.map(({ at }) => Number(at))]
    this.#violations.expect(
      'B11',
      // A manifest that an operator made between two batches is named a millisecond later.
      this.#committedMs.every((one) => one > beginMs) || kept.some((one) => one - 1 <= beginMs),
      () => `the manifest of ${timeMs} keeps no snapshot from before ${beginMs}`,
    )
    // By the manifest before it, which has made room for this one.
    const beforeMs = Number(previous[0]?.at ?? timeMs) - keptForReplayMs
    const needless = previous.slice(LAST_MANIFESTS).filter(({ at }) => Number(at) <= beforeMs)
    this.#violations.expect(
      'B11',
      needless.length <= 1,
      () => `the manifest of ${timeMs} keeps ${needless.length} snapshots from before ${beforeMs}`,
    )
  }

  /** The ledger of files keeps the last day, whatever the rule of time needs of it. */
  #checkLedger({ name }: Environment, { partition, sort }: ItemKey): void {
    const { doneMs = 0, logged } = this.#mirror.head() ?? {}
    this.#violations.expect(
      'B11',
      Number(sort.split('#')[0]) < (logged?.timeMs ?? doneMs) - DAY_MS,
      () => `${name} deletes ${partition}/${sort}, which is not a day old`,
    )
  }

  writingBlob(name: string, bytes: Uint8Array): void {
    const there = this.#mirror.blob(name)
    const isOver = there !== undefined && !sameBytes(there, bytes)
    this.#violations.expect(
      'B11',
      !isOver,
      () => `the blob ${name} is written over with other bytes`,
    )
  }

  deletingBlob(name: string, environment: Environment): void {
    const isReachable = this.#keys().some((key) => this.#blobName(key) === name)
    this.#violations.expect(
      'B11',
      !isReachable,
      () => `${environment.name} deletes the blob ${name}, which is reachable`,
    )
  }

  written({ key: { partition, sort }, before, after }: StoreWrite): void {
    const isOver =
      partition.startsWith(`${this.#app}#seg#`) &&
      before !== undefined &&
      !sameBytes(before['bytes'], after?.['bytes'])
    this.#violations.expect(
      'B11',
      !isOver,
      () => `the segment ${partition}/${sort} is written over with other bytes`,
    )
    this.#violations.expect(
      'B11',
      this.#mayExpire(partition) || after?.['ttl'] === undefined,
      () => `${partition}/${sort} carries a TTL`,
    )
  }

  /** The head has changed: everything that it names, directly or not, is there. */
  checkReachable(): void {
    this.#checkRemoved()
    this.#checkSnapshots()
    for (const key of this.#keys())
      this.#violations.expect(
        'B11',
        this.#mirror.has(key),
        () => `${key.partition}/${key.sort} is reachable but gone`,
      )
  }

  #blobName(key: ItemKey): string {
    const id = `${key.partition}\n${key.sort}`
    const known = this.#blobNames.get(id) ?? blobName(key)
    this.#blobNames.set(id, known)
    return known
  }

  /** Tasks that were kept are no longer there some batches later. */
  #checkRemoved(): void {
    const { doneMs = 0, logged } = this.#mirror.head() ?? {}
    for (const kept of logged?.kept?.stages ?? [])
      for (const { partition, sort } of segmentKeys(this.#app, keptRef(kept)))
        this.#keptTasks.set(`${partition}/${sort}`, keptRef(kept).at)
    if (doneMs === this.#doneMs.at(-1)) return
    this.#doneMs = [...this.#doneMs, doneMs].slice(-REMOVED_AFTER)
    const [longAgoMs = 0] = this.#doneMs
    const left = [...this.#keptTasks].find(([, at]) => at < sortableTime(longAgoMs))
    this.#violations.expect(
      'B11',
      this.#doneMs.length < REMOVED_AFTER || left === undefined,
      () => `${left?.[0]} is still there, and was kept for a batch long before ${doneMs}`,
    )
  }

  #mayExpire(partition: string): boolean {
    return ['hist', 'dlq', 'replay'].some((kind) => partition.startsWith(`${this.#app}#${kind}#`))
  }

  #checkExpired(partition: string, hasTtl: boolean): void {
    this.#violations.expect(
      'B11',
      hasTtl && this.#mayExpire(partition),
      () => `an item of ${partition} has expired`,
    )
  }

  #keys(): readonly ItemKey[] {
    return this.#mirror.reachable().flatMap((ref) => segmentKeys(this.#app, ref))
  }
}
