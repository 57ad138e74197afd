import { SUCCESS_FILE } from '../../../adapters/output-layout.ts'
import { type Fence, isOlderFence } from '../../../ports/fence.ts'
import type { MemoryFiles } from '../../../adapters/memory/memory-files.ts'
import type { OutputWrite } from '../ports/observer.ts'
import type { Sightings } from '../sightings.ts'
import type { LeaseChecker } from './lease-checker.ts'
import type { Violations } from './violations.ts'

/** B2, B3, B4: which process writes outputs, when, and with which bytes. */
export class OutputChecker {
  readonly #files: MemoryFiles
  readonly #leases: LeaseChecker
  readonly #violations: Violations
  readonly #sightings: Sightings
  /** The bytes that each code has written under a path, for each input of its batch. */
  readonly #written = new Map<string, string>()
  readonly #fences = new Map<string, Fence>()

  constructor(
    files: MemoryFiles,
    leases: LeaseChecker,
    violations: Violations,
    sightings: Sightings,
  ) {
    this.#files = files
    this.#leases = leases
    this.#violations = violations
    this.#sightings = sightings
  }

  /** All parts of an output, one after another; undefined while it is not complete. */
  textOf(path: string): string | undefined {
    const files = this.#files.files()
    if (!files.has(`${path}/${SUCCESS_FILE}`)) return undefined
    const parts = [...files]
      .filter(([name]) => name.startsWith(`${path}/part-`))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    return Buffer.concat(parts.map(([, bytes]) => bytes)).toString('utf8')
  }

  outputting({ environment, path, parts, fence }: OutputWrite): void {
    const log = this.#leases.logOf(fence.epoch)
    const expect = this.#violations.expect.bind(this.#violations)
    expect(
      'B2',
      log !== undefined,
      () => `${environment.name} writes ${path} under epoch ${fence.epoch}, which was never logged`,
    )
    expect(
      'B2',
      log === undefined || log.environment === environment,
      () =>
        `${environment.name} writes ${path} under the epoch ${fence.epoch} of ` +
        `${log?.environment.name}`,
    )
    expect(
      'B4',
      log === undefined || path.endsWith(`-${log.timeMs}`),
      () => `epoch ${fence.epoch} is for ${log?.timeMs} and writes ${path}`,
    )
    const bytes = Buffer.concat(parts).toString('utf8')
    // An attempt that has found something gone has a smaller input than the one before it.
    const name = `${environment.deployment.code} ${path} ${this.#leases.inputOf(fence.epoch)}`
    const earlier = this.#written.get(name) ?? bytes
    expect(
      'B3',
      earlier === bytes,
      () => `${path} was ${JSON.stringify(earlier)} and is ${JSON.stringify(bytes)} now`,
    )
    this.#written.set(name, bytes)
    const there = this.#fences.get(path)
    if (there !== undefined && isOlderFence(fence, there))
      this.#sightings.see('an older fence refused by a sink')
  }

  /** The sink has accepted it. */
  outputted({ environment, path, fence }: OutputWrite): void {
    const there = this.#fences.get(path)
    const isOlder = there !== undefined && isOlderFence(fence, there)
    this.#violations.expect(
      'B4',
      !isOlder,
      () =>
        `${environment.name} replaces ${path} of epoch ${there?.epoch} under epoch ` +
        `${fence.epoch}`,
    )
    if (there !== undefined) this.#sightings.see('an output replaced by a later attempt')
    this.#fences.set(path, fence)
  }
}
