/**
 * The simulated adapters with their faults off: a world that is easier on its users than the real
 * one would prove nothing. Attempt ids are left out: in a world they say whose they are, so that
 * its trace can be read. And clocks: the one of a world does not run by itself.
 */
import { setImmediate } from 'node:timers/promises'
import { withBlobs } from '../../lib/adapters/blob-item-store.ts'
import { memoryBlobStore } from '../../lib/adapters/memory/memory-blob-store.ts'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import type { BlobStore } from '../../lib/ports/blob-store.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import type { Sink } from '../../lib/ports/sink.ts'
import { caller, type CallWorld } from '../../lib/testing/simulation/calls.ts'
import { Environment } from '../../lib/testing/simulation/environment.ts'
import { faultKinds, Faults } from '../../lib/testing/simulation/faults.ts'
import { SimulatedBucket } from '../../lib/testing/simulation/cloud/bucket.ts'
import { OutputBucket } from '../../lib/testing/simulation/cloud/output-bucket.ts'
import { bytesOf, type Shard, SimulatedStream } from '../../lib/testing/simulation/cloud/stream.ts'
import {
  simulatedBlobStore,
  simulatedObjectStore,
} from '../../lib/testing/simulation/ports/buckets.ts'
import { simulatedItemStore } from '../../lib/testing/simulation/ports/item-store.ts'
import { simulatedOutputs } from '../../lib/testing/simulation/ports/outputs.ts'
import type { Observer } from '../../lib/testing/simulation/ports/observer.ts'
import { simulatedStreamReader } from '../../lib/testing/simulation/ports/stream-reader.ts'
import { Sightings } from '../../lib/testing/simulation/sightings.ts'
import { World } from '../../lib/testing/simulation/world.ts'
import { blobStoreContract } from './blob-store.contract.ts'
import { fileSinkContract, renamedPart } from './file-sink.contract.ts'
import { itemStoreContract } from './item-store.contract.ts'
import { objectStoreContract } from './object-store.contract.ts'
import { type FilledShard, streamReaderContract } from './stream-reader.contract.ts'

const nobody: Observer = {
  taskAnswered: () => undefined,
  stored: () => undefined,
  blobStored: () => undefined,
  read: () => undefined,
  refused: () => undefined,
  scheduling: () => undefined,
  partWriting: () => undefined,
  outputAdmitted: () => undefined,
  outputting: () => undefined,
  outputted: () => undefined,
  outputChanged: () => undefined,
}

const calmWorld = (): CallWorld => {
  const world = new World(1)
  const sightings = new Sightings()
  const faults = new Faults(world.random.fork(), sightings, {
    without: faultKinds,
    later: world.later,
    newest: world.reading,
    spreading: world.spreading,
    between: world.between,
    handing: world.handing,
    hasExecutors: false,
  })
  return { world, sightings, faults }
}

const aProcess = (name: string): Environment =>
  new Environment(name, { generation: 1, code: 'a', change: 'none', createdMs: new Map() })

/** Lets virtual time pass while a call is under way. */
const pumped = <T extends object>(world: World, port: T): T =>
  new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || name === 'answeredMs') return member
      return async (...given: unknown[]): Promise<unknown> => {
        let isOver = false
        const over = (): void => void (isOver = true)
        const answer = Promise.resolve(Reflect.apply(member, target, given) as unknown)
        answer.then(over, over)
        while (!isOver) {
          await world.run(() => isOver, 60_000)
          await setImmediate()
        }
        return answer
      }
    },
  })

/** Two processes' ways to one table. */
const twoStores = (
  open: (calls: CallWorld, environment: Environment) => ItemStore,
): { readonly store: ItemStore; readonly other: ItemStore } => {
  const calls = calmWorld()
  return {
    store: pumped(calls.world, open(calls, aProcess('one'))),
    other: pumped(calls.world, open(calls, aProcess('other'))),
  }
}

const overTable =
  (store: ItemStore) =>
  (calls: CallWorld, environment: Environment): ItemStore =>
    simulatedItemStore({
      store,
      observer: nobody,
      world: calls.world,
      environment,
      call: caller(calls, environment),
    })

itemStoreContract('simulated', async () => twoStores(overTable(memoryItemStore())))

itemStoreContract('simulated with blobs', async () => {
  const items = overTable(memoryItemStore())
  const blobs = memoryBlobStore()
  return twoStores((calls, environment) =>
    withBlobs(
      items(calls, environment),
      simulatedBlobStore(blobs, nobody, environment, caller(calls, environment)),
      { aboveBytes: 1 },
    ),
  )
})

blobStoreContract('simulated', async (): Promise<BlobStore> => {
  const calls = calmWorld()
  const environment = aProcess('one')
  return pumped(
    calls.world,
    simulatedBlobStore(memoryBlobStore(), nobody, environment, caller(calls, environment)),
  )
})

for (const versioned of [false, true])
  objectStoreContract(`simulated, ${versioned ? 'with' : 'without'} versions`, async () => {
    const calls = calmWorld()
    const bucket = new SimulatedBucket('b', versioned, {
      send: () => undefined,
      pick: ([first]) => first as never,
    })
    return {
      objects: pumped(
        calls.world,
        simulatedObjectStore(
          { objects: bucket.objects, isRefused: () => false },
          caller(calls, aProcess('one')),
        ),
      ),
      isVersioned: versioned,
      write: async (key, bytes) => void bucket.objects.write(key, bytes, calls.world.nowMs),
      remove: async (key) => bucket.objects.remove(key),
    }
  })

/** A sink in whose batches virtual time passes too. */
const pumpedSink = (world: World, sink: Sink<Uint8Array>): Sink<Uint8Array> => ({
  description: sink.description,
  open: async (batch, fence) => pumped(world, await sink.open(batch, fence)),
  publish: (batch, fence, receipt) =>
    pumped(world, sink as Required<Sink<Uint8Array>>).publish(batch, fence, receipt),
  writePart: (batch, fence, partition, bytes) =>
    pumped(world, sink as Required<Sink<Uint8Array>>).writePart(batch, fence, partition, bytes),
})

fileSinkContract(
  'simulated outputs',
  () => {
    const calls = calmWorld()
    const environment = aProcess('one')
    const files = new OutputBucket()
    return {
      sink: pumpedSink(
        calls.world,
        simulatedOutputs(files, nobody, environment, caller(calls, environment)),
      ),
      files: async () => files.files(),
      renames: renamedPart,
      plant: async (path, bytes) => files.plant(path, bytes),
    }
  },
  true,
)

streamReaderContract('simulated', async () => {
  const calls = calmWorld()
  const stream = new SimulatedStream('clicks', 1, 1, calls.world.random.fork())
  const put = (count: number): void => {
    for (let n = 0; n < count; n++)
      stream.put(`key${n % 3}`, n % 4 === 3 ? `garbled ${n}` : `line ${n}`, calls.world.nowMs)
  }
  put(12)
  while (stream.shards.length < 3) stream.reshard()
  put(6)
  const [parent, ...children] = stream.shards.map(filledShard) as [
    FilledShard,
    FilledShard,
    FilledShard,
  ]
  children.sort((a, b) => b.records.length - a.records.length)
  const reader = simulatedStreamReader(() => [stream], caller(calls, aProcess('one')))
  return { reader: pumped(calls.world, reader), streamArn: stream.arn, parent, children }
})

const filledShard = ({ id, records }: Shard): FilledShard => ({
  shardId: id,
  records: records.map(({ sequenceNumber, key, text }) => ({
    sequenceNumber: String(sequenceNumber),
    partitionKey: key,
    data: new Uint8Array(bytesOf(text)),
  })),
})
