/**
 * Records that were put aside and given back, for sources that do not come through lanes themselves: their redrive lanes are read beside what
 * the source has. Where all of a source comes through lanes, a redrive lane is one more of them.
 *
 * The positions of the lanes stand in the cut under the names of the lanes, as they do in the cut of a source of lanes: so they are kept
 * when the source is bound to something else, and nothing is counted twice.
 */
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Cut } from '../../state/manifest.ts'
import { isRedriveLane } from '../dead-letters/redrive-lanes.ts'
import type { SourceReader, SourceInput } from './source-reader.ts'
import { type LanesInput, lanesReader, oldestOf } from './lanes/reader.ts'

/** A slice with what was given back to its source. */
export interface WithRedriven {
  readonly redriven?: LanesInput
}

/** Where the lanes of a source are. */
export interface RedrivenParts {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
}

/** A source that also gives what was given back to it. */
export const withRedriven = <S extends SourceInput>(
  { store, app, source }: RedrivenParts,
  inner: SourceReader<S>,
): SourceReader<S> => {
  const lanes = lanesReader({ store, app, source, isRead: isRedriveLane })
  const redrivenIn = (slice: S): LanesInput | undefined => (slice as S & WithRedriven).redriven

  return {
    ...inner,
    async allocate(request): Promise<S> {
      const [slice, redriven] = await allOrFirstError([
        inner.allocate(request),
        lanes.allocate(request),
      ])
      return joined(slice, redriven)
    },
    async read(slice, putAside) {
      const redriven = redrivenIn(slice)
      const data = await inner.read(slice, putAside)
      if (redriven === undefined) return data
      const back = await lanes.read(redriven, putAside)
      return {
        partitions: [...data.partitions, ...back.partitions],
        slice: { ...data.slice, redriven: back.slice, ...lostOf(data.slice, back.slice) },
        records: data.records + back.records,
      }
    },
    async waiting(request) {
      const since = await allOrFirstError([inner.waiting(request), lanes.waiting(request)])
      const known = since.filter((ms) => ms !== undefined)
      return known.length === 0 ? undefined : Math.min(...known)
    },
    async takenInMs(cut) {
      const taken = await allOrFirstError(
        [async () => inner.takenInMs?.(cut), async () => lanes.takenInMs?.(cut)].map((ask) =>
          ask(),
        ),
      )
      return oldestOf(taken.filter((ms) => ms !== undefined))
    },
    blocks(slice) {
      const redriven = redrivenIn(slice)
      return [...inner.blocks(slice), ...(redriven === undefined ? [] : lanes.blocks(redriven))]
    },
  }
}

const joined = <S extends SourceInput>(slice: S, redriven: LanesInput): S => {
  const taken = redriven.lanes.map(({ lane }) => [lane, redriven.cut[lane]] as const)
  const cut = { ...slice.cut, ...Object.fromEntries(taken) }
  if (!Object.keys(cut).some(isRedriveLane)) return slice
  const laneCut = { ...lanePositions(cut), ...slice.laneCut }
  const positioned = { ...slice, cut, laneCut }
  if (taken.length === 0) return positioned
  return {
    ...positioned,
    records: slice.records + redriven.records,
    bytes: slice.bytes + redriven.bytes,
    redriven,
  }
}

/** Of all that a cut holds, the positions of lanes, those of an earlier binding too. */
const lanePositions = (cut: Cut): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(cut).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )

/** What is lost of both, said once: at a later attempt the slice says already what is. */
const lostOf = (slice: SourceInput, { lost = [] }: LanesInput): Pick<SourceInput, 'lost'> => {
  const fresh = lost.filter(
    ({ lane, first }) =>
      !(slice.lost ?? []).some((one) => one.lane === lane && one.first === first),
  )
  return fresh.length === 0 ? {} : { lost: [...(slice.lost ?? []), ...fresh] }
}
