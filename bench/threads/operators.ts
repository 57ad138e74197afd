/**
 * The pipelines of the benchmark `threads`: each reads the same events, does some work with each of
 * them, and ends in one operator. `OPERATOR` names it.
 */
import { createHash } from 'node:crypto'
import { type DStream, minutes, seconds, StateSpec, stream } from 'millrace'

const MANY = 1e12

/** States and windows move in as many processes as they have partitions, at most. */
const PARTITIONS = 4

/** One line of the input. */
interface Event {
  readonly user: number
  readonly path: string
  readonly bytes: number
}

/** What people do with a record: parse it, take it apart, and make a key. */
const keyed = (lines: DStream<string>): DStream<[string, number]> =>
  lines
    .map((line) => JSON.parse(line) as Event)
    .filter(({ path }) => /^\/[a-z]+\/\d+$/.test(path))
    .map(({ user, path, bytes }): [string, number] => {
      const section = createHash('md5')
        .update(path.split('/')[1] ?? '')
        .digest('hex')
        .slice(0, 4)
      return [`${section}-${user % 1_000}`, bytes / 3]
    })

const sum = (a: number, b: number): number => a + b
const totalOf = (all: readonly number[], before = 0): number => all.reduce(sum, before)

/** Each operator, with a small result. */
export const OPERATORS: Readonly<Record<string, (lines: DStream<string>) => DStream<unknown>>> = {
  reduceByKey: (lines) => keyed(lines).reduceByKey(sum),
  groupByKey: (lines) => keyed(lines).groupByKey().mapValues(totalOf),
  join: (lines) => keyed(lines).reduceByKey(sum).join(keyed(lines).reduceByKey(Math.max)),
  updateStateByKey: (lines) =>
    keyed(lines).updateStateByKey<number>(totalOf, { partitions: PARTITIONS }),
  mapWithState: (lines) =>
    keyed(lines)
      .mapWithState(
        StateSpec.function<string, number, number, number>((_, bytes, state) => {
          state.update((state.getOption() ?? 0) + (bytes ?? 0))
          return state.get()
        }).numPartitions(PARTITIONS),
      )
      .count(),
  reduceByKeyAndWindow: (lines) =>
    keyed(lines).reduceByKeyAndWindow(sum, minutes(1), minutes(1), { partitions: PARTITIONS }),
  groupByKeyAndWindow: (lines) =>
    keyed(lines)
      .groupByKeyAndWindow(minutes(1), minutes(1), { partitions: PARTITIONS })
      .mapValues(totalOf),
  filter: (lines) =>
    keyed(lines)
      .filter(([, bytes]) => bytes > 300)
      .map(([key]) => key),
}

export default stream(
  'threads',
  { batchInterval: seconds(1), limits: { bytes: MANY, records: MANY, objects: MANY } },
  (ssc) => {
    const lines = ssc.textFileStream('events', { existing: 'all', limits: { bytes: MANY } })
    OPERATORS[process.env['OPERATOR'] ?? '']?.(lines).saveAsTextFiles('results')
  },
)
