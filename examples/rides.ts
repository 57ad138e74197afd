// Keeps the rides of a bicycle hire as a table. Stations send files of Avro. The table has a
// directory for each day, with files of Parquet: DuckDB, Spark and Athena read it as one table, and
// examples/ride-report.ts does.
import { seconds, stream } from 'millrace'
import { avro } from 'millrace/formats/avro'
import { parquet } from 'millrace/formats/parquet'

interface Ride {
  readonly id: number
  readonly station: string
  readonly begin: Date
  readonly minutes: number
}

export default stream('rides', { batchInterval: seconds(10) }, (ssc) => {
  ssc
    .fileStream('rides', { format: avro<Ride>(), existing: 'all' })
    .filter(({ minutes }) => minutes > 0)
    .saveAsFiles('lake/rides', {
      format: parquet({
        types: { id: 'number', station: 'text', begin: 'date', minutes: 'number' },
      }),
      partitionBy: ({ begin }) => ({ day: begin.toISOString().slice(0, 10) }),
    })
})
