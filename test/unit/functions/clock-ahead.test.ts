/** The clock was two hours ahead when an application first ran, and was then set back. */
import type { StreamingContext } from 'millrace'
import { expect, test } from 'vitest'
import type { Location } from '../../../lib/runtime/locations.ts'
import { pipelineOf, World } from '../runtime/harness.ts'
import { Deployed, toBucket, toStream } from './deployed.ts'

const HOURS_MS = 7_200_000

interface Given {
  readonly describe: (ssc: StreamingContext) => void
  readonly sources: Readonly<Record<string, Location>>
  readonly bring: (app: Deployed) => Promise<void>
}

test.each<[string, Given]>([
  [
    'a stream',
    {
      describe: (ssc) => ssc.kinesisTextStream('lines').print(),
      sources: { 'kinesisTextStream-1': toStream },
      bring: (app) => app.put(2, 'after'),
    },
  ],
  [
    'a bucket',
    {
      describe: (ssc) => ssc.textFileStream('in').print(),
      sources: { 'textFileStream-1': toBucket },
      bring: (app) => app.drop('after.txt', 'after\n'),
    },
  ],
])('what comes after the correction is counted, once: %s', async (_, given) => {
  const { describe, sources, bring } = given
  const world = new World()
  world.advance(HOURS_MS)
  await new Deployed(pipelineOf(describe), { world, sources }).pass(3)
  world.advance(-HOURS_MS)
  const app = new Deployed(pipelineOf(describe), { world, sources })
  await app.pass(1)
  await bring(app)
  for (let minute = 0; minute < 10; minute++) {
    world.advance(60_000)
    await app.trigger({ scheduleMinute: true })
  }
  expect(app.printed().flatMap(([, elements]) => elements)).toEqual(['after'])
})
