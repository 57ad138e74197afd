import { decode } from '../../../base/codec.ts'
import type { BatchInput } from '../../../runtime/driver/batch-input.ts'
import type { ObjectsInput } from '../../../runtime/sources/objects/input.ts'
import type { FileReference } from '../../../state/dead-letter.ts'
import type { Upload } from '../cloud/bucket.ts'
import type { Sightings } from '../sightings.ts'
import type { Truth } from '../truth.ts'
import type { DeadLetterChecker } from './dead-letter-checker.ts'
import { isObjects, redrivenIn } from './inputs.ts'
import type { Violations } from './violations.ts'

/** What the checker works with. */
export interface ObjectCheckerParts {
  readonly truth: Truth
  readonly violations: Violations
  readonly deadLetters: DeadLetterChecker
  readonly sightings: Sightings
}

/**
 * B9 for objects that cannot be read, as a whole or in some lines: each is a dead letter before its
 * batch is true. That nothing of it counts is checked by the outputs.
 */
export class ObjectChecker {
  readonly #parts: ObjectCheckerParts

  constructor(parts: ObjectCheckerParts) {
    this.#parts = parts
  }

  /** A batch is committed. */
  committed({ sources }: BatchInput): void {
    for (const [source, input] of Object.entries(sources))
      if (isObjects(input)) {
        this.#checkTaken(source, input)
        this.#checkRefused(source, input)
        this.#checkRedriven(input)
      }
  }

  #checkTaken(source: string, { taken }: ObjectsInput): void {
    for (const { key, version, isVersioned } of taken) {
      const upload = this.#parts.truth.upload(source, key, version)
      const place = isVersioned ? `${key}?versionId=${version}` : key
      if (upload?.unreadable === 'damaged') this.#expectAside(source, place, upload)
      for (const { offset, shown } of upload?.badLines ?? [])
        if (upload?.unreadable === undefined)
          this.#expect(
            source,
            `${place}@${offset}`,
            (data) => Buffer.from(data).toString() === shown,
          )
    }
  }

  #checkRefused(source: string, { refused = [] }: ObjectsInput): void {
    for (const { key, upload } of refused) {
      const put = this.#parts.truth.upload(source, key, upload?.version ?? '')
      this.#parts.violations.expect(
        'B7',
        put?.unreadable === 'refused',
        () => `${key} (${upload?.version}) is put aside as refused, and could be read`,
      )
      if (put === undefined || upload === undefined) continue
      const place = upload.isVersioned === true ? `${key}?versionId=${put.version}` : key
      this.#expectAside(source, place, put)
    }
  }

  /** Files that are redriven cannot be read this time either, so each is put aside again. */
  #checkRedriven(input: ObjectsInput): void {
    for (const { lane, entries } of redrivenIn(input)?.lanes ?? [])
      for (const { first, at } of entries.flatMap(({ blocks }) => blocks))
        for (const { line } of this.#parts.truth.block(lane, first, at)) {
          this.#parts.sightings.see('a whole file redriven')
          this.#parts.deadLetters.putAside(line)
        }
  }

  #expectAside(source: string, place: string, { version }: Upload): void {
    this.#parts.sightings.see('an object put aside as a whole')
    const isIt = (data: Uint8Array): boolean =>
      (decode(data) as FileReference | undefined)?.version === version
    this.#expect(source, place, isIt)
  }

  #expect(source: string, place: string, isIt: (data: Uint8Array) => boolean): void {
    const { deadLetters, violations } = this.#parts
    violations.expect(
      'B9',
      deadLetters.putAsideAt(source, place, isIt),
      () => `${place} of ${source} cannot be read, and is no dead letter`,
    )
  }
}
