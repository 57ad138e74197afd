import { encode } from '../../../base/codec.ts'
import { codeOf } from '../../../base/errors.ts'
import { formOf, type StoredForm } from '../../../dstream/timeout-layout.ts'
import type { StateEntry } from '../../../runtime/state/state-partition-reader.ts'
import type { Manifest } from '../../../state/manifest.ts'
import type { Mirror } from './mirror.ts'
import type { Violations } from './violations.ts'

/** As many batches as any reader may be behind. */
const REMEMBERED = 200

/** Entries of a state as text, in their order. */
export const textOfEntries = (entries: readonly StateEntry[]): string =>
  entries
    .map(({ key, state, touchedMs, timerMs }) => encode([key, state, touchedMs, timerMs]))
    .map((bytes) => Buffer.from(bytes).toString('base64'))
    .join(' ')

/** B11: who reads state from outside sees all of one batch, and of none before it began. */
export class ReaderChecker {
  readonly #mirror: Mirror
  readonly #violations: Violations
  /** The states after a batch. There are several after a batch whose state was reset. */
  readonly #states = new Map<number, ReadonlyMap<string, string>[]>()
  #before: string | undefined

  constructor(mirror: Mirror, violations: Violations) {
    this.#mirror = mirror
    this.#violations = violations
  }

  /** The head names this manifest. */
  named(): void {
    const ref = this.#mirror.head()?.manifest
    if (ref === undefined || ref.by === this.#before) return
    this.#before = ref.by
    const manifest = this.#mirror.manifest(ref)
    if (manifest === undefined) return
    const known = this.#states.get(manifest.timeMs) ?? []
    this.#states.set(manifest.timeMs, [...known, this.#textsOf(manifest)])
    const [oldest] = this.#states.keys()
    if (this.#states.size > REMEMBERED && oldest !== undefined) this.#states.delete(oldest)
  }

  #textsOf(manifest: Manifest): ReadonlyMap<string, string> {
    const keyed = Object.entries(manifest.states).filter(([, { form }]) => form === 'state')
    const entriesOf = (id: string, form: StoredForm): readonly StateEntry[] =>
      this.#mirror.state(manifest, id).map(([key, stored]) => ({ key, ...form.show(stored) }))
    return new Map(
      keyed.map(([id, { layout }]) => [id, textOfEntries(entriesOf(id, formOf(layout)))]),
    )
  }

  /** A reader has read a state. `sinceMs`: the last batch when it began. */
  read(id: string, sinceMs: number, timeMs: number, text: string): void {
    const wanted = (this.#states.get(timeMs) ?? []).flatMap((states) => states.get(id) ?? [])
    this.#violations.expect(
      'B11',
      timeMs >= sinceMs && wanted.includes(text),
      () => `a reader that began after ${sinceMs} reads another state of ${id} after ${timeMs}`,
    )
  }

  /** A reader has failed. A reset may have removed what it read. */
  failed(id: string, sinceMs: number, error: unknown): void {
    const since = [...this.#states].flatMap(([timeMs, all]) => (timeMs >= sinceMs ? all : []))
    const isGone =
      codeOf(error, 'INVARIANT_BROKEN') === 'STATE_UNKNOWN' &&
      since.some((states) => !states.has(id))
    this.#violations.expect('B11', isGone, () => `a reader of ${id} fails: ${String(error)}`)
  }
}
