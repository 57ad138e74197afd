// Watches the temperature of rooms. Thermometers publish readings such as
// {"id":"a1","room":"kitchen","celsius":21.5} under rooms/NAME/temperature. Redis has the newest
// reading of each room, and the warmest rooms in order. A server is told of rooms that are too hot.
import { seconds, stream } from 'millrace'
import { json } from 'millrace/formats'
import { http } from 'millrace/http'
import { mqtt } from 'millrace/mqtt'
import { redis, redisSortedSet } from 'millrace/redis'

interface Reading {
  readonly id: string
  readonly room: string
  readonly celsius: number
}

const HOT = 30
const reading = json<Reading>()

export default stream('rooms', { batchInterval: seconds(1) }, (ssc) => {
  const source = mqtt('rooms', {
    filter: 'rooms/+/temperature',
    // A reading that the broker delivers again counts once.
    id: ({ payload }) => reading.decode(payload).id,
  })
  const readings = ssc.streamFrom(source).decode(reading)
  const temperatures = readings.mapToPair(({ room, celsius }) => [room, celsius])

  temperatures.saveTo(redis('board', { prefix: 'celsius:' }))
  temperatures
    .updateStateByKey<number>((seen, warmest = -Infinity) => Math.max(warmest, ...seen))
    .saveTo(redisSortedSet('board', 'warmest'))
  readings
    .filter(({ celsius }) => celsius > HOT)
    .saveTo(http('alarms', { body: ({ room, celsius }) => JSON.stringify({ room, celsius }) }))
})
