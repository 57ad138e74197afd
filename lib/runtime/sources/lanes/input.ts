import type { LaneEntry } from '../../../state/lane-entries.ts'
import { packEntry, type PackedEntry, unpackEntry } from '../../../state/lane-entries.ts'
import type { LaneTaken } from '../../../state/history/batch-record.ts'
import type { InputKind, InputNote } from '../source-kind.ts'
import { packPage, type PackedPage, unpackPage } from '../../../state/lane-pages.ts'
import type { LanesInput } from './read-input.ts'

interface PackedLane {
  readonly lane: string
  readonly entries: readonly PackedEntry[]
  readonly pages?: readonly PackedPage[]
}

/** Inputs from lanes. They store entries in the same form as lanes do. */
export const lanesInput: InputKind<LanesInput> = Object.freeze({
  name: 'lanes',
  pack: (input: LanesInput): object => ({
    ...input,
    lanes: input.lanes.map(({ lane, entries, pages }): PackedLane => ({
      lane,
      entries: entries.map(packEntry),
      ...(pages === undefined ? {} : { pages: pages.map(packPage) }),
    })),
  }),
  unpack(source: string, stored: object): LanesInput {
    const { lanes, ...rest } = stored as Omit<LanesInput, 'lanes'> & {
      readonly lanes: readonly PackedLane[]
    }
    const unpacked = lanes.map(({ lane, entries, pages }) => ({
      lane,
      entries: entries.map((entry) => unpackEntry(source, lane, entry)),
      ...(pages === undefined
        ? {}
        : { pages: pages.map((page) => unpackPage(source, lane, page)) }),
    }))
    return { ...rest, lanes: unpacked }
  },
  describe: (source: string, { lanes }: LanesInput): readonly string[] =>
    lanes.map(({ lane, entries }) => {
      const range = `positions ${entries[0]?.first} to ${entries.at(-1)?.last} of lane ${lane}`
      return `${recordsIn(entries)} records of ${source}: ${range}`
    }),
  note: ({ lanes }: LanesInput, nowMs: number): InputNote => ({
    appends: lanes.reduce((total, { entries }) => total + entries.length, 0),
    lanes: lanes.flatMap(({ lane, entries }) => takenOf(lane, entries, nowMs)),
  }),
})

const takenOf = (
  lane: string,
  entries: readonly LaneEntry[],
  nowMs: number,
): readonly LaneTaken[] => {
  const [first] = entries
  const last = entries.at(-1)
  if (first === undefined || last === undefined) return []
  return [
    {
      lane,
      first: first.first,
      last: last.last,
      records: recordsIn(entries),
      lagMs: Math.max(0, nowMs - first.receivedMs),
    },
  ]
}

const recordsIn = (entries: readonly LaneEntry[]): number =>
  entries.reduce((total, { count }) => total + count, 0)
