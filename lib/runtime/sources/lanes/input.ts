import type { LaneEntry } from '../../../state/lanes.ts'
import { packEntry, type PackedEntry, unpackEntry } from '../../../state/lanes.ts'
import type { InputKind } from '../source-kind.ts'
import type { LanesInput } from './reader.ts'

interface PackedLane {
  readonly lane: string
  readonly entries: readonly PackedEntry[]
}

/** Inputs from lanes. They store entries in the same form as lanes do. */
export const lanesInput: InputKind<LanesInput> = Object.freeze({
  name: 'lanes',
  pack: (input: LanesInput): object => ({
    ...input,
    lanes: input.lanes.map(({ lane, entries }): PackedLane => ({
      lane,
      entries: entries.map(packEntry),
    })),
  }),
  unpack(source: string, stored: object): LanesInput {
    const { lanes, ...rest } = stored as Omit<LanesInput, 'lanes'> & {
      readonly lanes: readonly PackedLane[]
    }
    const unpacked = lanes.map(({ lane, entries }) => ({
      lane,
      entries: entries.map((entry) => unpackEntry(source, lane, entry)),
    }))
    return { ...rest, lanes: unpacked }
  },
  describe: (source: string, { lanes }: LanesInput): readonly string[] =>
    lanes.map(({ lane, entries }) => {
      const range = `positions ${entries[0]?.first} to ${entries.at(-1)?.last} of lane ${lane}`
      return `${recordsIn(entries)} records of ${source}: ${range}`
    }),
})

const recordsIn = (entries: readonly LaneEntry[]): number =>
  entries.reduce((total, { count }) => total + count, 0)
