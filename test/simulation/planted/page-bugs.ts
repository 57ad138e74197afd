import type { PlantedBug } from './bug.ts'

/** Bugs of the pages of lanes. */
export const pageBugs: readonly PlantedBug[] = [
  {
    name: 'page named before it is stored',
    effect: 'a lane names a page that a crash keeps out of the store',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: 'segmentsOf(written).map((one) => withRetries(clock, () => putSegment(store, one))),',
        replace: `segmentsOf({ ...written, page: undefined }).map((one) =>
          withRetries(clock, () => putSegment(store, one))),`,
      },
      {
        file: 'lib/runtime/intake/intake.ts',
        find: 'this.#lastWritten.set(lane, stored) return count',
        replace: `this.#lastWritten.set(lane, stored)
        if (written.page !== undefined) await putSegment(store, written.page.segment)
        return count`,
      },
    ],
  },
  {
    name: 'page given up before it is used up',
    effect: 'a page is deleted of which a batch has taken the first entries',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/waiting-lanes.ts',
        find: 'const used = pages.filter(({ ref }) => !isAfter(ref.at, last))',
        replace:
          'const used = pages.filter(({ ref }) => !isAfter(ref.at, last) || last !== BEGINNING)',
      },
    ],
  },
  {
    name: 'entries of a page taken twice',
    effect: 'the next batch takes a page again from its beginning',
    edits: [
      {
        file: 'lib/state/lane-reader.ts',
        find: 'isPage(part) ? partsAfter(inPage.get(part) ?? [part], offset) : [part]',
        replace: 'isPage(part) ? (inPage.get(part) ?? [part]) : [part]',
      },
    ],
  },
  {
    name: 'pages forgotten when others move',
    effect: 'a page of pages replaces them and those after them',
    edits: [
      {
        file: 'lib/runtime/intake/move-to-page.ts',
        find: '[...pages.slice(0, from), page.page, ...pages.slice(to)]',
        replace: '[...pages.slice(0, from), page.page]',
      },
    ],
  },
  {
    name: 'parent taken for drained while it has pages',
    pipeline: 'key-order',
    effect:
      'records of a key are taken out of order, while a backlog is worked off after a reshard',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/waiting-lanes.ts',
        find: '(waiting[index]?.rest.entries ?? 0) === 0',
        replace: '(waiting[index]?.rest.entries ?? 0) >= 0',
      },
    ],
  },
]
