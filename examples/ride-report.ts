// Reports on the table of examples/rides.ts: rides and minutes by station, with the names of
// stations from a table with tabs, as a file of CSV.
import { seconds, stream } from 'millrace'
import { csv, tsv } from 'millrace/formats/csv'
import { parquet } from 'millrace/formats/parquet'

interface Ride {
  readonly station: string
  readonly minutes: number
}

const report = csv({ columns: { station: 'text', rides: 'number', minutes: 'number' } })

export default stream('ride-report', { batchInterval: seconds(10) }, (ssc) => {
  // Only these columns are read of the files.
  const columns = ['station', 'minutes']
  const rides = ssc.fileStream('rides', { format: parquet<Ride>({ columns }), existing: 'all' })
  const stations = ssc.fileStream('stations', {
    format: tsv({ columns: { station: 'text', name: 'text' } }),
    existing: 'all',
  })

  const names = stations
    .mapToPair(({ station, name }) => [station, name])
    .updateStateByKey<string>((given, known) => given.at(-1) ?? known)
  rides
    .mapToPair(({ station, minutes }) => [station, minutes])
    .updateStateByKey<{ rides: number; minutes: number }>((lengths, total) => ({
      rides: lengths.length + (total?.rides ?? 0),
      minutes: lengths.reduce((sum, one) => sum + one, total?.minutes ?? 0),
    }))
    .leftOuterJoin(names)
    .map(([station, [totals, name]]) => ({ station: name ?? station, ...totals }))
    .saveAsFiles('report/stations', { format: report, skipEmpty: true })
})
