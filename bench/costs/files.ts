/**
 * What text files cost: a directory for each batch, or a file for each minute. The price of an
 * output is what its driver pays beyond the same pipeline without one: units of the table, and
 * requests of the bucket.
 */
import { type FileOptions, seconds } from 'millrace'
import { s3Sink } from '../../lib/adapters/aws/s3-sink.ts'
import { PRICES } from '../../lib/base/prices.ts'
import { type Invocation, s3Price } from '../aws/tally.ts'
import { type CostProgram, type Measured, short } from './figure.ts'
import { ShardedApp } from './sharded-app.ts'
import { type Output, visitTotals } from './visits.ts'

const WARM_UP = 60
/** Two files of a minute. */
const BATCHES = 120
const RECORDS = 100

const run = async (output: Output): Promise<Invocation> => {
  const app = new ShardedApp({
    intervalS: 1,
    pipeline: (interval) => visitTotals(interval, output),
    sinks: ({ s3: client }) => ({ objects: async (bucket) => s3Sink({ bucket, client }) }),
  })
  await app.start()
  const batches: Invocation[] = []
  for (let batch = 0; batch < WARM_UP + BATCHES; batch++) {
    await app.intake(0, RECORDS)
    batches.push(await app.batch())
  }
  return batches.slice(WARM_UP).flat()
}

const isOfFiles = ({ bucket }: Invocation[number]): boolean => bucket === 'results'

/** What the calls of a driver cost, in dollars, without its time. */
const priceOf = (calls: Invocation): number =>
  calls.reduce(
    (total, { action, service, writeUnits, readUnits }) =>
      total +
      writeUnits * PRICES.writeUnits +
      readUnits * PRICES.readUnits +
      (service === 's3' ? s3Price(action) : 0),
    0,
  )

/** Ten users have such a name. */
const FEW = /^user-\d$/

/** An output of the totals of ten users, or of all of them, some 100 KB. */
const saved =
  (users: RegExp, options: FileOptions): Output =>
  (totals) =>
    totals.filter(([user]) => users.test(user)).saveAsTextFiles('s3://results/totals', options)

const toNothing =
  (users: RegExp): Output =>
  (totals) =>
    totals.filter(([user]) => users.test(user)).foreachRDD(() => undefined)

interface Compared {
  readonly each: Invocation
  readonly rolled: Invocation
  readonly ratio: number
  readonly note: string
}

const compare = async (users: RegExp): Promise<Compared> => {
  const none = priceOf(await run(toNothing(users)))
  const each = await run(saved(users, {}))
  const rolled = await run(saved(users, { every: seconds(60) }))
  const [eachPrice, rolledPrice] = [priceOf(each) - none, priceOf(rolled) - none]
  const dayOf = (price: number): string => short((price * 86_400) / BATCHES)
  const note = `${dayOf(rolledPrice)} $ a day to ${dayOf(eachPrice)} $`
  return { each, rolled, ratio: rolledPrice / eachPrice, note }
}

/** The figures of text files. */
export const files: CostProgram = {
  figures: [
    {
      name: 'calls-a-file',
      what: 'requests of S3 for the text file of a batch',
      unit: 'count',
      target: 4,
    },
    {
      name: 'rolled-cost-ratio',
      what: 'price of files of a minute to that of a file for each batch, T = 1 s, ten lines each',
      unit: 'ratio',
      target: 0.5,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const few = await compare(FEW)
    const all = await compare(/^/)
    return [
      {
        value: few.each.filter(isOfFiles).length / BATCHES,
        note: [...new Set(few.each.filter(isOfFiles).map(({ action }) => action))].join(', '),
      },
      {
        value: few.ratio,
        note:
          `${few.note}; with 100 KB a batch ${short(all.ratio)}, ${all.note}; ` +
          `${few.rolled.filter(isOfFiles).length / 2} requests of S3 a minute`,
      },
    ]
  },
}
