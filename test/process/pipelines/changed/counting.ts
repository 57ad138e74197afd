import { type Pipeline, milliseconds, stream } from 'millrace'

/** Counts the lines of a source, whose name may be given, in a state that has a name. */
export const counting = ({
  source,
  state = 'totals',
  partitions = 1,
}: {
  readonly source?: string
  readonly state?: string
  readonly partitions?: number
} = {}): Pipeline =>
  stream('counted', { batchInterval: milliseconds(50) }, (ssc) => {
    const lines = ssc.textFileStream('lines', { existing: 'all' })
    if (source !== undefined) lines.named(source)
    lines
      .mapToPair((line) => [line, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length, { partitions })
      .named(state)
      .print()
  })
