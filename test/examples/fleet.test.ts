import avsc from 'avsc'
import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, test } from 'vitest'
import fleet from '../../examples/fleet.ts'

const deliveries = avsc.Type.forSchema({
  type: 'record',
  name: 'Delivery',
  fields: [
    { name: 'vehicle', type: 'string' },
    { name: 'parcels', type: 'int' },
  ],
})

test('records of three services are added up, and what cannot be read is put aside', async () => {
  const app = await testStream(fleet)
  app
    .input('vehicles')
    .add({ topic: 'vehicles/van-1/km', payload: '12.5' })
    .add({ topic: 'vehicles/van-2/km', payload: '3' })
    .add({ topic: 'vehicles/van-1/km', payload: '0.5' })
  app
    .input('deliveries')
    .add({ key: 'van-1', value: deliveries.toBuffer({ vehicle: 'van-1', parcels: 7 }) })
    .add({ key: 'van-9', value: null })
    .add({ value: 'no Avro' })
  app.input('fuel').add('van-2,40.25', 'van-1,much')
  await app.advance(seconds(10))
  expect(app.output('print-1').elements.flat()).toEqual([
    ['van-1', { km: 13, parcels: 7, litres: 0 }],
    ['van-2', { km: 3, parcels: 0, litres: 40.25 }],
  ])
  expect((await app.deadLetters()).map(({ code }) => code)).toEqual([
    'RECORD_UNREADABLE',
    'RECORD_UNREADABLE',
  ])
})
