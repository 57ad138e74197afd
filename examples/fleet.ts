// Adds up what the vehicles of a fleet have driven, delivered and burnt. It reads records as three
// services have them, with topics, keys and bytes: distances by MQTT, deliveries in Avro from
// Kafka, and refuelling as CSV from Kinesis. Only such services give records, so nothing stands in
// for them except a test.
import { seconds, stream } from 'millrace'
import { textOf } from 'millrace/formats'
import { avroRecord } from 'millrace/formats/avro'
import { csvRecord } from 'millrace/formats/csv'
import { kafkaRecords } from 'millrace/kafka'
import { mqttRecords } from 'millrace/mqtt'

interface Totals {
  readonly km: number
  readonly parcels: number
  readonly litres: number
}

interface Delivery {
  readonly vehicle: string
  readonly parcels: number
}

const delivery = avroRecord<Delivery>({
  type: 'record',
  name: 'Delivery',
  fields: [
    { name: 'vehicle', type: 'string' },
    { name: 'parcels', type: 'int' },
  ],
})
const refuelling = csvRecord(['vehicle', 'litres'], {
  columns: { vehicle: 'text', litres: 'number' },
})
const nothing: Totals = { km: 0, parcels: 0, litres: 0 }
const add = (a: Totals, b: Totals): Totals => ({
  km: a.km + b.km,
  parcels: a.parcels + b.parcels,
  litres: a.litres + b.litres,
})

export default stream('fleet', { batchInterval: seconds(10) }, (ssc) => {
  const driven = ssc.streamFrom(
    mqttRecords('vehicles', {
      filter: 'vehicles/+/km',
      decode: ({ topic, payload }): readonly [string, Totals] => [
        topic.split('/')[1] ?? '',
        { ...nothing, km: Number(textOf(payload)) },
      ],
    }),
  )
  const delivered = ssc
    // A record without a value deletes its key in a compacted topic, and delivers nothing.
    .streamFrom(kafkaRecords('deliveries'))
    .flatMap(({ value }) => (value === null ? [] : [value]))
    .decode(delivery)
    .map(({ vehicle, parcels }): readonly [string, Totals] => [vehicle, { ...nothing, parcels }])
  const burnt = ssc
    .kinesisStream('fuel')
    .decode(refuelling)
    .map(({ vehicle, litres }): readonly [string, Totals] => [
      vehicle,
      { ...nothing, litres: litres ?? 0 },
    ])

  ssc
    .union(driven, delivered, burnt)
    .updateStateByKey<Totals>((more, total = nothing) => more.reduce(add, total))
    .print()
})
