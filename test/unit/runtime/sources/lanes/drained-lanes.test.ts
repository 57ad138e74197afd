import { expect, test } from 'vitest'
import type { SourceReader } from '../../../../../lib/runtime/sources/source-reader.ts'
import { readManifest } from '../../../../../lib/state/manifest.ts'
import { APP, pipelineOf, World } from '../../harness.ts'

const SOURCE = 'socketTextStream-1'

/**
 * A reader that leaves a lane out of its offsets, which is allowed for closed and drained lanes.
 */
const withoutLane =
  (drained: string) =>
  (reader: SourceReader): SourceReader => ({
    ...reader,
    async allocate(request) {
      const input = await reader.allocate(request)
      const { [drained]: _, ...lanes } = input.offsets.lanes ?? {}
      return { ...input, offsets: { ...input.offsets, lanes } }
    },
  })

test('a lane that its reader leaves out leaves the head and the manifest', async () => {
  const world = new World()
  const pipeline = pipelineOf((ssc) => ssc.socketTextStream('localhost', 9999).print())
  const before = world.deploy(pipeline)
  await before.run()
  await before.append(SOURCE, 1, ['a', 'b'], 'old')
  await before.append(SOURCE, 1, ['c'], 'young')
  await before.tick()
  expect((await world.head()).offsets).toEqual({ [SOURCE]: { old: '2', young: '1' } })

  const after = world.deploy(pipeline, { generation: 2, readAs: withoutLane('old') })
  await after.append(SOURCE, 2, ['d'], 'young')
  await after.tick()
  const { offsets, manifest } = await world.head()
  expect(offsets).toEqual({ [SOURCE]: { young: '2' } })
  expect((await readManifest(world.store, APP, manifest!)).offsets).toEqual({
    [SOURCE]: { lanes: { young: '2' } },
  })
})
