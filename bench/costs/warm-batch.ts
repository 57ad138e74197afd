/**
 * A warm batch with state and a table of results: how many calls one after another until it is
 * committed, and what it reads. Calls that run at the same time are one round trip.
 */
import { dynamodbTableSink } from '../../lib/adapters/aws/dynamodb-table-sink.ts'
import type { CountedCall } from '../aws/services.ts'
import { type Invocation, pathOf } from '../aws/tally.ts'
import { median } from '../statistics.ts'
import { type CostProgram, type Measured, short } from './figure.ts'
import { ShardedApp } from './sharded-app.ts'
import { type Output, visitTotals } from './visits.ts'

const WARM_UP = 24
const BATCHES = 48
const RECORDS = 100

const hasHeadWrite = ({ touched }: CountedCall): boolean =>
  touched.some(({ kind, partition }) => kind === 'put' && partition.endsWith('#head'))

/** The calls up to the commit. Lease and log write the head first, the commit writes it last. */
const untilCommit = (calls: Invocation): Invocation => {
  const commit = calls.findLast(hasHeadWrite)?.trip ?? Infinity
  return calls.filter(({ trip }) => trip <= commit)
}

const tripsOf = (calls: Invocation): number => new Set(calls.map(({ trip }) => trip)).size

/** Blocks hold the records. They are in partitions of the lanes of a source. */
const isBlock = (partition: string): boolean => /#seg#[^#]+\/.+#\d+#\d+$/.test(partition)

/** Read units of a kind of item in the calls. */
const readUnits = (calls: Invocation, counts: (partition: string) => boolean): number =>
  calls
    .filter(({ touched }) =>
      touched.some(({ kind, partition }) => kind === 'read' && counts(partition)),
    )
    .reduce((total, call) => total + call.readUnits, 0)

const isHeadOrLane = (partition: string): boolean =>
  partition.endsWith('#head') || /#in(?:#\d+)?$/.test(partition)

const run = async (output: Output): Promise<readonly Invocation[]> => {
  const app = new ShardedApp({
    intervalS: 1,
    pipeline: (interval) => visitTotals(interval, output),
    sinks: ({ dynamodb: client }) => ({
      dynamodb: async (table) => dynamodbTableSink({ table, client }),
    }),
  })
  await app.start()
  const batches: Invocation[] = []
  for (let batch = 0; batch < WARM_UP + BATCHES; batch++) {
    await app.intake(0, RECORDS)
    batches.push(await app.batch())
  }
  return batches.slice(WARM_UP)
}

/** Ten users have such a name. So the table gets ten items, and one round trip puts them. */
const FEW = /^user-\d$/

const toTable: Output = (totals) =>
  totals.filter(([user]) => FEW.test(user)).saveToTable('dynamodb://totals')
const toFiles: Output = (totals) =>
  totals.filter(([user]) => FEW.test(user)).saveAsTextFiles('s3://results/totals')

/** The figures of a warm batch. */
export const warmBatch: CostProgram = {
  figures: [
    {
      name: 'warm-read-units',
      what: 'read units of a warm batch beyond head, lanes and the blocks of records',
      unit: 'count',
      target: 0,
    },
    {
      name: 'round-trips-warm',
      what: 'round trips until the commit, with state and a table',
      unit: 'count',
      target: 3,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const [table, files] = [await run(toTable), await run(toFiles)]
    const mean = (counts: (partition: string) => boolean): number =>
      table.reduce((total, calls) => total + readUnits(calls, counts), 0) / table.length
    const trips = (batches: readonly Invocation[]): number =>
      median(batches.map((calls) => tripsOf(untilCommit(calls))))
    const path = pathOf(table.at(-1) ?? []).join(' | ')
    return [
      {
        value: mean((partition) => !isHeadOrLane(partition) && !isBlock(partition)),
        note: `head and lanes ${short(mean(isHeadOrLane))}, blocks ${short(mean(isBlock))}`,
      },
      { value: trips(table), note: `${trips(files)} with text files; all calls: ${path}` },
    ]
  },
}
