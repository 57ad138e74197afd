/**
 * Makes a record of the history smaller. What matters most stays: the longest stages, failed
 * outputs, the largest sources, lanes and states. The record counts what it has lost.
 */
import { cutText } from '../../base/error-text.ts'
import type {
  BatchRecord,
  CutList,
  LaneTaken,
  OutputRun,
  SourceTaken,
  StageRun,
  StateSize,
} from './batch-record.ts'

/** A reason keeps so many characters at least, and so many more for each entry of a list. */
const CHARACTERS_MIN = 120
const CHARACTERS_EACH = 20

type Counts = Partial<Record<CutList, number>>

/** The entries of a list with the largest weights, in their order. */
const largest = <T>(
  all: readonly T[],
  kept: number,
  weightOf: (one: T) => number,
): readonly T[] => {
  if (all.length <= kept) return all
  const chosen = new Set(all.toSorted((a, b) => weightOf(b) - weightOf(a)).slice(0, kept))
  return all.filter((one) => chosen.has(one))
}

const weightOfSource = ({ records, bytes }: SourceTaken): number => records + bytes

const weightOfOutput = ({ error, ms }: OutputRun): number => (error === undefined ? ms : Infinity)

/**
 * The record with at most so many entries in each of its lists, and with shorter texts. All sources
 * together have about so many lanes, and so many names.
 */
export const cutRecord = (record: BatchRecord, kept: number): BatchRecord => {
  const counts: Counts = { ...record.cut }
  const cut = <T>(
    list: CutList,
    all: readonly T[] | undefined,
    weightOf: (one: T) => number,
    keptNow = kept,
  ): readonly T[] | undefined => {
    if (all === undefined || all.length <= keptNow) return all
    counts[list] = (counts[list] ?? 0) + all.length - keptNow
    return keptNow === 0 ? undefined : largest(all, keptNow, weightOf)
  }
  const text = (whole: string): string => cutText(whole, CHARACTERS_MIN + CHARACTERS_EACH * kept)
  const sources = cut('sources', record.sources, weightOfSource)
  const each = Math.ceil(kept / Math.max(1, sources?.length ?? 0))
  const lists = {
    sources: sources?.map((source) => ({
      ...source,
      lanes: cut('lanes', source.lanes, ({ records }: LaneTaken) => records, each),
      names: cut('names', source.names, () => 0, each)?.map((name) =>
        cutText(name, CHARACTERS_MIN),
      ),
    })),
    outputs: cut('outputs', record.outputs, weightOfOutput)?.map(({ error, ...run }) => ({
      ...run,
      ...(error === undefined ? {} : { error: cutText(error, CHARACTERS_MIN) }),
    })),
    stages: cut('stages', record.stages, ({ ms }: StageRun) => ms),
    states: cut('states', record.states, ({ bytes }: StateSize) => bytes),
  }
  const { reason, held } = record
  return {
    ...record,
    ...lists,
    ...(reason === undefined ? {} : { reason: { ...reason, message: text(reason.message) } }),
    ...(held === undefined ? {} : { held: text(held) }),
    ...(Object.keys(counts).length === 0 ? {} : { cut: counts }),
  } as BatchRecord
}
