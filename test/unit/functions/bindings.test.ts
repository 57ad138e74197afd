import { expect, describe, test } from 'vitest'
import type { Location } from '../../../lib/runtime/locations.ts'
import { pipelineOf, World } from '../runtime/harness.ts'
import { Deployed, toBucket, toStream } from './deployed.ts'

const fromText = pipelineOf((ssc) => ssc.textFileStream('lines', { existing: 'all' }).print(100))
const fromStream = pipelineOf((ssc) => ssc.kinesisTextStream('lines').print(100))

describe.each([
  { what: 'a source of text files', pipeline: fromText, id: 'textFileStream-1' },
  { what: 'a source of text from a stream', pipeline: fromStream, id: 'kinesisTextStream-1' },
])('$what', ({ pipeline, id }) => {
  test('reads the stream to which it is bound', async () => {
    const app = new Deployed(pipeline, { sources: { [id]: toStream } })
    await app.trigger()
    await app.put(1, 'to be', 'or not')
    await app.pass()
    expect(app.printed()).toEqual([[1_000, ['to be', 'or not']]])
  })

  test('reads the bucket to which it is bound', async () => {
    const app = new Deployed(pipeline, { sources: { [id]: toBucket } })
    await app.trigger()
    await app.drop('in/a b+c.txt', 'to be\nor not\n')
    await app.pass()
    expect(app.printed()).toEqual([[1_000, ['to be', 'or not']]])
  })

  test('may change between a bucket and a stream, and each record counts once', async () => {
    const world = new World()
    const deploy = (generation: number, to: Location): Deployed =>
      new Deployed(pipeline, { world, generation, sources: { [id]: to } })
    const first = deploy(1, toBucket)
    await first.trigger()
    await first.drop('a', 'from a\n')
    await first.pass(2)
    await first.drop('b', 'from b, which waits until the bucket is back\n')
    const second = deploy(2, toStream)
    await second.put(1, 'one')
    await second.pass(2)
    await second.put(2, 'two, which waits until the stream is back')
    const third = deploy(3, toBucket)
    await third.drop('c', 'from c\n')
    await third.tell('a', '1')
    await third.pass(2)
    const fourth = deploy(4, toStream)
    await fourth.put(1, 'one')
    await fourth.put(3, 'three')
    await fourth.pass(2)
    expect(
      [first, second, third, fourth].map((app) => app.printed().flatMap(([, lines]) => lines)),
    ).toEqual([
      ['from a'],
      ['one'],
      ['from b, which waits until the bucket is back', 'from c'],
      ['two, which waits until the stream is back', 'three'],
    ])
  })
})
