// Asks with SQL who climbed the mountains above 8,000 metres first, and after how many years. A
// table of peaks is joined: a file, or an object of S3.
import { seconds, stream } from 'millrace'
import { csv } from 'millrace/formats/csv'
import { SqlSession } from 'millrace/sql'

const peaks = process.env['PEAKS'] ?? 'examples/peaks/peaks.csv'
const columns = { date: 'date', peak: 'text', nation: 'text' } as const

interface Nation {
  readonly nation: string
  readonly ascents: number
  readonly highest: string
  readonly metres: number
}

export default stream('ascents', { batchInterval: seconds(10) }, (ssc) => {
  const ascents = ssc.fileStream('ascents', { format: csv({ columns }), existing: 'all' })

  ascents
    .sql<Nation>(
      `select nation, count(*) as ascents, max_by(peak, metres) as highest, max(metres) as metres
       from input join peaks using (peak)
       group by nation
       order by ascents desc, metres desc`,
      { schema: columns, tables: { peaks: { csv: peaks } } },
    )
    .map(
      ({ nation, ascents: count, highest, metres }) =>
        `${nation}: ${count}, the highest is ${highest} with ${metres} m`,
    )
    .print()

  // The same with data frames, as in Spark.
  ascents
    .transform(
      (rdd) => {
        const session = SqlSession.of(rdd)
        rdd.toDF(columns).createOrReplaceTempView('ascents')
        session.read({ csv: peaks }).createOrReplaceTempView('peaks')
        return session.sql<{ peak: string; range: string; days: number }>(
          `select peak, range, date_diff('day', lag(date) over (order by date), date) as days
           from ascents join peaks using (peak)
           qualify days is not null
           order by days desc`,
        ).rdd
      },
      { pure: true },
    )
    .map(({ peak, range, days }) => `${days} days before ${peak} (${range})`)
    .print(3)
})
