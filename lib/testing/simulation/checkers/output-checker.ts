import { partsIn, fenceIn, SUCCESS_FILE } from '../../../adapters/output-layout.ts'
import { type Fence, isOlderFence } from '../../../ports/fence.ts'
import type { Manifest } from '../../../state/manifest.ts'
import type { OutputWrite, PartWrite } from '../ports/observer.ts'
import type { Sightings } from '../sightings.ts'
import type { Storage } from '../storage.ts'
import type { TableFiles } from '../pipelines/pipeline.ts'
import type { LeaseChecker } from './lease-checker.ts'
import { bundlesText, TableChecker, tableOf, tableText } from './table-checker.ts'
import type { Violations } from './violations.ts'

type Attempt = Pick<Fence, 'generation' | 'epoch'>

const textOfParts = (path: string, parts: readonly Uint8Array[]): string =>
  tableOf(path) === undefined ? Buffer.concat(parts).toString('utf8') : bundlesText(parts)

const nameOf = ({ generation, epoch }: Attempt): string => `${generation}-${epoch}`

/** B2, B3, B4: which process writes outputs, when, with which bytes, and what readers see. */
export class OutputChecker {
  readonly #storage: Storage
  readonly #leases: LeaseChecker
  readonly #violations: Violations
  readonly #sightings: Sightings
  readonly #tables: TableChecker
  /** The bytes that each code and plan has written under a path, for each input of its batch. */
  readonly #written = new Map<string, string>()
  /** The text that each attempt has finished, by path and attempt. */
  readonly #finished = new Map<string, Map<string, string>>()
  /** The newest attempt that has finished each path. */
  readonly #fences = new Map<string, Fence>()
  /** The attempts whose outputs are committed, by path. */
  readonly #committed = new Map<string, string>()
  /** The outputs whose parts executors may write, as path and attempt. */
  readonly #admitted = new Set<string>()

  constructor(
    storage: Storage,
    leases: LeaseChecker,
    violations: Violations,
    sightings: Sightings,
  ) {
    this.#storage = storage
    this.#leases = leases
    this.#violations = violations
    this.#sightings = sightings
    this.#tables = new TableChecker(storage.outputs, violations)
  }

  /**
   * What a reader sees of an output that trusts `_SUCCESS`; undefined while the output is not
   * complete.
   */
  textOf(path: string): string | undefined {
    const { outputs, ownFiles } = this.#storage
    const success = outputs.bytesOf(`${path}/${SUCCESS_FILE}`)
    if (success === undefined) return textIn(ownFiles.files(), path)
    const table = tableOf(path)
    const parts = partsIn(success).map((name) => outputs.bytesOf(`${table ?? path}/${name}`))
    const missing = partsIn(success).filter((_, index) => parts[index] === undefined)
    this.#violations.expect(
      'B4',
      missing.length === 0,
      () => `${path} is complete, and ${missing.join(' ')} is gone`,
    )
    const texts = parts.map((bytes) => Buffer.from(bytes ?? []).toString('utf8'))
    if (table === undefined) return texts.join('')
    const directories = partsIn(success).map((name) => name.slice(0, name.lastIndexOf('/')))
    return tableText(directories.map((directory, index) => [directory, texts[index] ?? '']))
  }

  /** What readers will see of an output, when its batch is committed. */
  textWhenCommitted(outputs: Manifest['outputs'] = [], path: string): string | undefined {
    const record = outputs.find(({ location }) => location.path === path)
    if (record === undefined) return textIn(this.#storage.ownFiles.files(), path)
    this.#committed.set(path, nameOf(record))
    return this.#finished.get(path)?.get(nameOf(record))
  }

  /** A batch that adds to a table is committed. */
  tableCommitted(table: string, files: TableFiles): void {
    this.#tables.committed(table, files)
  }

  /** When all is done. */
  finished(): void {
    this.#tables.finished()
  }

  /** The driver lets executors write parts of an output. */
  admitted({ path, fence }: Pick<OutputWrite, 'path' | 'fence'>): void {
    this.#admitted.add(`${path} ${nameOf(fence)}`)
  }

  /** A part is written, by the driver that has logged the attempt or by an executor of it. */
  partWriting({ environment, path, partition, bytes, fence }: PartWrite): void {
    const { name } = environment
    const log = this.#leases.logOf(fence.epoch)
    const expect = this.#violations.expect.bind(this.#violations)
    expect(
      'B2',
      log !== undefined,
      () => `${name} writes ${path} under epoch ${fence.epoch}, which was never logged`,
    )
    const isDriver = log?.environment === environment
    const isItsExecutor = log !== undefined && name.endsWith(`of${log.environment.name}`)
    expect(
      'B2',
      log === undefined || isDriver || isItsExecutor,
      () => `${name} writes ${path} under the epoch ${fence.epoch} of ${log?.environment.name}`,
    )
    expect(
      'B4',
      log === undefined || /[-/](\d+)$/.exec(path)?.[1] === String(log.timeMs),
      () => `epoch ${fence.epoch} is for ${log?.timeMs} and writes ${path}`,
    )
    const isAdmitted = this.#admitted.has(`${path} ${nameOf(fence)}`)
    expect(
      'B4',
      isDriver || isAdmitted,
      () => `${name} writes a part of ${path} before its driver has looked there`,
    )
    this.#checkSame({ environment, path: `${path} ${partition}`, fence }, bytes)
    if (isItsExecutor) this.#sightings.see('a part written by an executor')
    const isComplete = this.#storage.outputs.bytesOf(`${path}/${SUCCESS_FILE}`) !== undefined
    if (isItsExecutor && isComplete)
      this.#sightings.see('a part of an executor that was late for its output')
  }

  /** B3: what the same code makes of the same input. */
  #checkSame(
    { environment, path, fence }: Pick<PartWrite, 'environment' | 'path' | 'fence'>,
    bytes: Uint8Array,
  ): void {
    // An attempt that has found something gone has a smaller input than the one before it.
    const { code, change } = environment.deployment
    const name = `${code} ${change} ${path} ${this.#leases.inputOf(fence.epoch)}`
    const text = Buffer.from(bytes).toString('utf8')
    const earlier = this.#written.get(name) ?? text
    this.#violations.expect(
      'B3',
      earlier === text,
      () => `${path} was ${JSON.stringify(earlier)} and is ${JSON.stringify(text)} now`,
    )
    this.#written.set(name, text)
  }

  outputting({ environment, path, parts, fence }: OutputWrite): void {
    this.#checkSame({ environment, path, fence }, Buffer.concat(parts))
    const there = this.#fences.get(path)
    if (there !== undefined && isOlderFence(fence, there))
      this.#sightings.see('an output written by an older attempt than one before')
  }

  /** An attempt has finished an output. */
  outputted({ path, parts, fence }: OutputWrite): void {
    const byAttempt = this.#finished.get(path) ?? new Map<string, string>()
    const text = textOfParts(path, parts)
    const others = [...byAttempt].filter(([attempt]) => attempt !== nameOf(fence))
    if (others.length > 0) this.#sightings.see('an output written by two attempts')
    if (others.some(([, other]) => other !== text))
      this.#sightings.see('an output written by two attempts with other bytes')
    this.#finished.set(path, byAttempt.set(nameOf(fence), text))
    const there = this.#fences.get(path)
    if (there === undefined || isOlderFence(there, fence)) this.#fences.set(path, fence)
  }

  /**
   * An object was written or deleted. Once an output is complete, it holds what its committed
   * attempt has written, whatever happens (B4).
   */
  changed(key: string): void {
    this.#tables.changed(key)
    const path = key.slice(0, key.lastIndexOf('/'))
    const success = this.#storage.outputs.bytesOf(`${path}/${SUCCESS_FILE}`)
    const committed = this.#committed.get(path)
    if (success === undefined) {
      const isTakenBack = key.endsWith(`/${SUCCESS_FILE}`)
      this.#violations.expect('B4', !isTakenBack, () => `${key} is taken back`)
      return
    }
    const by = fenceIn(success)
    const attempt = by && nameOf(by)
    this.#violations.expect(
      'B4',
      attempt !== undefined && attempt === committed,
      () => `${path} is complete by ${attempt}, and committed is ${committed}`,
    )
    const want = this.#finished.get(path)?.get(attempt ?? '')
    const got = this.textOf(path)
    this.#violations.expect(
      'B4',
      got === want,
      () => `${path} holds ${JSON.stringify(got)}, and ${attempt} wrote ${JSON.stringify(want)}`,
    )
    const name = key.slice(path.length + 1)
    if (name !== SUCCESS_FILE && !partsIn(success).includes(name))
      this.#sightings.see('a part that came after its output was complete')
  }
}

/** The parts of an output of the user's own sink, if it is complete. */
const textIn = (files: ReadonlyMap<string, Uint8Array>, path: string): string | undefined => {
  if (!files.has(`${path}/${SUCCESS_FILE}`)) return undefined
  const parts = [...files]
    .filter(([name]) => name.startsWith(`${path}/part-`))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.concat(parts.map(([, bytes]) => bytes)).toString('utf8')
}
