// Learns the climates of rooms from readings of temperature and humidity, and counts the readings
// of each climate. It also prints the median temperature of each room, and readings that are unlike
// those before them.
import { seconds, stream } from 'millrace'
import { anomalyScores, StreamingKMeans, tDigest } from 'millrace/ml'

interface Reading {
  readonly time: string
  readonly room: string
  readonly celsius: number
  readonly humidity: number
}

const climates = new StreamingKMeans()
  .setHalfLife(100, 'points')
  .setK(3)
  .setInitialCenters(
    [
      [10, 70],
      [20, 50],
      [30, 30],
    ],
    [0, 0, 0],
  )
  .named('climates')
const temperatures = tDigest()

export default stream('sensors', { batchInterval: seconds(10) }, (ssc) => {
  const readings = ssc
    .textFileStream('readings', { existing: 'all' })
    .filter((line) => !line.startsWith('time,'))
    .map((line): Reading => {
      const [time = '', room = '', celsius, humidity] = line.split(',')
      return { time, room, celsius: Number(celsius), humidity: Number(humidity) }
    })

  const points = readings.map(({ celsius, humidity }) => [celsius, humidity])
  climates.trainOn(points)
  climates.predictOn(points).countByValue().print()

  const byRoom = readings.mapToPair(({ room, celsius }) => [room, celsius])
  byRoom
    .combineByKey(temperatures.of, temperatures.add, temperatures.merge)
    .mapValues((sketch) => temperatures.quantile(sketch, 0.5).toFixed(1))
    .print()

  anomalyScores(byRoom, { warmUp: 20 })
    .filter(([, { score }]) => Math.abs(score) > 6)
    .map(([room, { value, expected }]) => `${room}: ${value} instead of ${expected.toFixed(1)}`)
    .print(20)
})
