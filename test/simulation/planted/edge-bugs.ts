import type { PlantedBug } from './bug.ts'

const READING = 'lib/runtime/sources/objects/read-uploads.ts'

/** Bugs at the edges: clocks that are set back, long names, unreadable objects, odd errors. */
export const edgeBugs: readonly PlantedBug[] = [
  {
    name: 'batches wait for a clock that was set back',
    pipeline: 'plain-lines',
    effect: 'nothing is processed until the clock has caught up, for hours',
    edits: [
      {
        file: 'lib/runtime/driver/pace.ts',
        find: 'if (!this.#isAhead(reached, nowMs)) return timeMs',
        replace: 'if (reached <= Infinity) return timeMs',
      },
    ],
  },
  {
    name: 'time of a wake not compared with the clock',
    pipeline: 'files-in-time',
    effect: 'a head that was woken while the clock was ahead waits for that time',
    edits: [
      {
        file: 'lib/runtime/driver/pace.ts',
        find: "status === 'rest' ? doneMs : Math.max(doneMs, wakeMs)",
        replace: "status === 'rest' ? doneMs : Math.max(doneMs, Math.min(0, wakeMs))",
      },
    ],
  },
  {
    name: 'file of this moment taken for one from the future',
    test: 'test/unit/runtime/sources/files/clock.test.ts',
    effect: 'a file that arrives between the clock and the listing is in no batch',
    edits: [
      {
        file: 'lib/runtime/sources/files/file-chooser.ts',
        find: 'modifiedMs > nowMs + LOOKING_MS',
        replace: 'modifiedMs > nowMs + 0 * LOOKING_MS',
      },
    ],
  },
  {
    name: 'long names told apart by their beginnings',
    pipeline: 'uploads',
    effect: 'an object with a long key counts as taken when another one is',
    edits: [
      {
        file: 'lib/state/item-keys.ts',
        find: "#${hash('sha256', name)}",
        replace: "#${hash('sha256', name.slice(0, SHOWN_CHARACTERS))}",
      },
    ],
  },
  {
    name: 'long names in sort keys',
    pipeline: 'uploads',
    effect: 'the table refuses the entry of an object with a long key',
    edits: [
      {
        file: 'lib/state/item-keys.ts',
        find: 'const NAME_BYTES_MAX = 400',
        replace: 'const NAME_BYTES_MAX = 4_000',
      },
    ],
  },
  {
    name: 'damaged object dropped',
    pipeline: 'uploads',
    effect: 'an object that cannot be read is in no batch and no dead letter',
    edits: [
      {
        file: 'lib/runtime/sources/file-elements.ts',
        find: `unreadable: rejected.length }
  } catch (error) {
    putAside(deadLetterOfFile(source, file, error))`,
        replace: `unreadable: rejected.length }
  } catch (error) {`,
      },
    ],
  },
  {
    name: 'one dead letter for all files of a name',
    pipeline: 'uploads',
    effect: 'of two files of one name that are gone, only one is a dead letter',
    edits: [
      {
        file: 'lib/runtime/sources/redriven-files.ts',
        find: 'gone(file, reason), positionOfGoneFile(file)',
        replace: 'gone(file, reason)',
      },
    ],
  },
  {
    name: 'refused object stops the others',
    pipeline: 'uploads',
    effect: 'a batch fails because the store refuses one of its objects',
    edits: [
      {
        file: READING,
        find: `if (!isRefusal(error)) throw error
          return { kind: 'refused', refused: refusedUpload(object, error) }`,
        replace: 'throw error',
      },
    ],
  },
  {
    name: 'refused object forgotten',
    pipeline: 'uploads',
    effect: 'an object that the store refuses leaves no trace',
    edits: [
      {
        file: READING,
        find: 'for (const one of refused) putAside(deadLetterOfRefused(parts.source, one))',
        replace: '',
      },
    ],
  },
  {
    name: 'the reason is not cut',
    effect: 'a long error does not fit into the head, and its batch cannot be marked as failed',
    test: 'test/unit/base/error-text.test.ts',
    edits: [
      {
        file: 'lib/base/error-text.ts',
        find: 'if (text.length <= charactersMax) return text',
        replace: 'if (text.length <= charactersMax * 1_000) return text',
      },
    ],
  },
]
