import { blobName } from '../../../adapters/blob-item-store.ts'
import type { ItemKey } from '../../../ports/item-store.ts'
import { segmentKeys } from '../../../state/segments.ts'
import type { Environment } from '../environment.ts'
import type { StoreWrite } from '../ports/observer.ts'
import type { Mirror } from './mirror.ts'
import type { Verdicts } from './verdicts.ts'

/** B11: nothing reachable is deleted, expires or is missing. */
export class GarbageChecker {
  readonly #mirror: Mirror
  readonly #verdicts: Verdicts
  readonly #app: string
  readonly #blobNames = new Map<string, string>()

  constructor(mirror: Mirror, verdicts: Verdicts, app: string) {
    this.#mirror = mirror
    this.#verdicts = verdicts
    this.#app = app
  }

  /** Before it is gone. */
  deleting({ key, environment, before }: StoreWrite): void {
    const { partition, sort } = key
    if (environment === undefined) return this.#checkExpired(partition, before?.['ttl'] !== undefined)
    if (!partition.startsWith(`${this.#app}#seg#`)) return this.#verdicts.fail('B11', `${environment.name} deletes ${partition}/${sort}`)
    const isReachable = this.#keys().some((reachable) => reachable.partition === partition && reachable.sort === sort)
    this.#verdicts.expect('B11', !isReachable, () => `${environment.name} deletes ${partition}/${sort}, which is reachable`)
  }

  deletingBlob(name: string, environment: Environment): void {
    const isReachable = this.#keys().some((key) => this.#blobName(key) === name)
    this.#verdicts.expect('B11', !isReachable, () => `${environment.name} deletes the blob ${name}, which is reachable`)
  }

  written({ key: { partition, sort }, after }: StoreWrite): void {
    this.#verdicts.expect('B11', this.#mayExpire(partition) || after?.['ttl'] === undefined, () => `${partition}/${sort} carries a TTL`)
  }

  /** The head has moved: what it names, directly or not, is there. */
  checkReachable(): void {
    for (const key of this.#keys())
      this.#verdicts.expect('B11', this.#mirror.has(key), () => `${key.partition}/${key.sort} is reachable and gone`)
  }

  #blobName(key: ItemKey): string {
    const id = `${key.partition}\n${key.sort}`
    const known = this.#blobNames.get(id) ?? blobName(key)
    this.#blobNames.set(id, known)
    return known
  }

  #mayExpire(partition: string): boolean {
    return partition.startsWith(`${this.#app}#hist#`) || partition.startsWith(`${this.#app}#dlq#`)
  }

  #checkExpired(partition: string, hasTtl: boolean): void {
    this.#verdicts.expect('B11', hasTtl && this.#mayExpire(partition), () => `an item of ${partition} has expired`)
  }

  #keys(): readonly ItemKey[] {
    return this.#mirror.reachable().flatMap((ref) => segmentKeys(this.#app, ref))
  }
}
