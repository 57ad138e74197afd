/**
 * Redriven records of sources that do not use lanes: their redrive lanes are read in addition to
 * the source. If a source reads lanes, a redrive lane is just one more lane.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { BEGINNING } from '../../state/lane-entries.ts'
import { offsetsAfter } from '../../state/offsets.ts'
import {
  FILES_AGAIN_MAX,
  isRedriveLane,
  isRedriveLaneOfFiles,
} from '../dead-letters/redrive-lanes.ts'
import { lanesInput } from './lanes/input.ts'
import type { LanesInput, LanesReading } from './lanes/read-input.ts'
import { lanesReader } from './lanes/reader.ts'
import { inputKind, type InputNote, type SourcePlace } from './source-kind.ts'
import {
  type Behind,
  earliestOf,
  type InputData,
  NOTHING_WAITS,
  type SourceInput,
  type SourceReader,
} from './source-reader.ts'

/** What one batch takes from one source: the input of its kind, and redriven records. */
export interface WholeInput extends SourceInput {
  readonly redriven?: LanesInput
}

/** Where redriven records are, and how much of them is held. */
type RedrivePlace = Pick<LanesReading, keyof SourcePlace | 'held'>

/**
 * The reader of a source as the driver uses it. It keeps the offsets of other kinds, and also takes
 * redriven records.
 */
export const wholeReader = (
  place: RedrivePlace,
  reader: SourceReader,
): SourceReader<WholeInput> => {
  const own = reader.parts
  const redrives = reader.kind === 'lanes' ? undefined : redriveReader(place, reader)

  return {
    ...reader,
    reads: (lane) => isRedriveLane(lane) || reader.reads?.(lane) === true,
    async allocate(request): Promise<WholeInput> {
      // The lanes in the request are those of the reader itself, without redrive lanes.
      const { lanes: _, ...ofRedrives } = request
      const [input, redriven] = await allOrFirstError([
        reader.allocate(request),
        redrives?.allocate(ofRedrives) ?? nothing,
      ])
      const whole = { ...input, offsets: offsetsAfter(request.offsets, own, input.offsets) }
      return redriven === undefined ? whole : withRedriven(whole, redriven)
    },
    // The lanes of redrives are read with all others of the source.
    intakeUsed: () => reader.intakeUsed?.() ?? redrives?.intakeUsed?.(),
    behind: () => joinBehind(reader.behind?.(), redrives?.behind?.()),
    async read(input, putAside, isRetry): Promise<InputData<WholeInput>> {
      const { redriven } = input
      const data = await reader.read(input, putAside, isRetry)
      if (redriven === undefined || redrives === undefined) return data
      return joinData(data, await redrives.read(redriven, putAside, isRetry))
    },
    async waiting(request) {
      const since = [reader.waiting(request), redrives?.waiting(request) ?? nothing]
      return earliestOf(await allOrFirstError(since))
    },
    async takenInMs(offsets) {
      const since = [reader.takenInMs?.(offsets), redrives?.takenInMs?.(offsets)]
      return earliestOf(await allOrFirstError(since.map((ms) => ms ?? nothing)))
    },
    async leave(request) {
      const [left, redriven] = await allOrFirstError([
        reader.leave?.(request) ?? nothing,
        redrives?.leave?.(request) ?? nothing,
      ])
      return { ...left, ...redriven }
    },
    blocks: (input) => [
      ...reader.blocks(input),
      ...(input.redriven === undefined ? [] : (redrives?.blocks(input.redriven) ?? [])),
    ],
  }
}

const nothing = Promise.resolve(undefined)

const joinBehind = (a: Behind = NOTHING_WAITS, b: Behind = NOTHING_WAITS): Behind => ({
  objects: a.objects + b.objects,
  records: a.records + b.records,
  bytes: a.bytes + b.bytes,
  hasMore: a.hasMore === true,
})

const redriveReader = (
  place: RedrivePlace,
  { readAgain }: Pick<SourceReader, 'readAgain'>,
): SourceReader<LanesInput> => {
  const again = readAgain === undefined ? {} : { readAgain }
  const reader = lanesReader({ ...place, isRead: isRedriveLane, ...again })
  // It takes a fixed number of files, so what it leaves makes no batch larger.
  const ofFiles = lanesReader({ ...place, isRead: isRedriveLane, ...again })
  return {
    ...reader,
    async allocate({ limits, ...request }): Promise<LanesInput> {
      const lanes = (await reader.lanes?.()) ?? []
      const [files, records] = await allOrFirstError([
        ofFiles.allocate({
          ...request,
          lanes: lanes.filter(({ lane }) => isRedriveLaneOfFiles(lane)),
          limits: { ...limits, records: FILES_AGAIN_MAX },
        }),
        reader.allocate({
          ...request,
          lanes: lanes.filter(({ lane }) => !isRedriveLaneOfFiles(lane)),
          limits,
        }),
      ])
      return joinInputs(records, files)
    },
  }
}

const joinInputs = (a: LanesInput, b: LanesInput): LanesInput => ({
  ...a,
  lanes: [...a.lanes, ...b.lanes],
  records: a.records + b.records,
  bytes: a.bytes + b.bytes,
  offsets: {
    lanes: {
      ...a.offsets.lanes,
      ...Object.fromEntries(
        b.lanes.map(({ lane }) => [lane, b.offsets.lanes?.[lane] ?? BEGINNING]),
      ),
    },
  },
})

/** Adds redriven records to an input. Only the offsets of redrive lanes change. */
const withRedriven = (input: SourceInput, redriven: LanesInput): WholeInput => {
  const after = redriven.offsets.lanes ?? {}
  const taken = redriven.lanes.map(({ lane }) => [lane, after[lane] ?? BEGINNING] as const)
  if (taken.length === 0) return input
  return {
    ...input,
    offsets: { ...input.offsets, lanes: { ...input.offsets.lanes, ...Object.fromEntries(taken) } },
    records: input.records + redriven.records,
    bytes: input.bytes + redriven.bytes,
    redriven,
  }
}

const joinData = (data: InputData, back: InputData<LanesInput>): InputData<WholeInput> => ({
  ...data,
  partitions: [...data.partitions, ...back.partitions],
  input: { ...data.input, redriven: back.input, ...lostOf(data.input, back.input) },
  records: data.records + back.records,
  unreadable: [...(data.unreadable ?? []), ...(back.unreadable ?? [])],
})

/** All lost records, without duplicates: in a later attempt, the input already lists them. */
const lostOf = (input: SourceInput, { lost = [] }: LanesInput): Pick<SourceInput, 'lost'> => {
  const known = input.lost ?? []
  const fresh = lost.filter(
    ({ lane, first }) => !known.some((one) => one.lane === lane && one.first === first),
  )
  return fresh.length === 0 ? {} : { lost: [...known, ...fresh] }
}

/** Makes plain data of an input, for the head and the store. */
export const packInput = (input: WholeInput): object => {
  const { redriven, ...rest } = input
  const packed = inputKind(input.kind).pack?.(rest) ?? rest
  return redriven === undefined ? packed : { ...packed, redriven: lanesInput.pack?.(redriven) }
}

/** Makes an input from the result of `packInput`. */
export const unpackInput = (source: string, stored: object): WholeInput => {
  const { redriven, ...rest } = stored as { readonly kind: string; readonly redriven?: object }
  const input = inputKind(rest.kind).unpack?.(source, rest) ?? (rest as SourceInput)
  if (redriven === undefined) return input
  return { ...input, redriven: lanesInput.unpack?.(source, redriven) as LanesInput }
}

/** Describes an input in words. */
export const describeInput = (source: string, input: WholeInput): readonly string[] => [
  ...inputKind(input.kind).describe(source, input),
  ...(input.redriven === undefined ? [] : lanesInput.describe(source, input.redriven)),
]

/** What the history notes of an input. */
export const noteInput = (input: WholeInput, nowMs: number): InputNote => {
  const own = inputKind(input.kind).note?.(input, nowMs) ?? {}
  const { redriven } = input
  const again = redriven === undefined ? {} : (lanesInput.note?.(redriven, nowMs) ?? {})
  return {
    ...own,
    ...again,
    ...(own.lanes === undefined || again.lanes === undefined
      ? {}
      : { lanes: [...own.lanes, ...again.lanes] }),
  }
}

/** Notes that an input counts as consumed, though its batch is skipped. */
export const skipInput = async (
  place: SourcePlace,
  input: WholeInput,
  timeMs: number,
): Promise<void> => inputKind(input.kind).skip?.(place, input, timeMs)
