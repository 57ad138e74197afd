import type { ConditionalBucket } from '../../../adapters/conditional-bucket.ts'
import { type CreatedPart, objectSink } from '../../../adapters/object-sink.ts'
import type { Fence } from '../../../ports/fence.ts'
import type { OpenBatch, PartReceipt, Receipt, Sink, SinkBatch } from '../../../ports/sink.ts'
import type { Caller } from '../calls.ts'
import type { OutputBucket } from '../cloud/output-bucket.ts'
import type { Environment } from '../environment.ts'
import type { Observer } from './observer.ts'

/**
 * The access of one process to the bucket of outputs. Every step of the sink is a call that can be
 * late, lost or repeated, and the process can stand still between two of them.
 */
export const simulatedOutputs = (
  bucket: OutputBucket,
  observer: Observer,
  environment: Environment,
  call: Caller,
): Sink<Uint8Array> => {
  const sink = objectSink({
    description: 'simulated outputs',
    bucket: bucketThrough(bucket, observer, call),
  })
  return {
    ...sink,
    async open(batch: SinkBatch, fence: Fence): Promise<OpenBatch<Uint8Array>> {
      const { path } = batch
      const opened = await sink.open(batch, fence)
      const parts: Uint8Array[] = []
      return {
        ...opened,
        async write(partition, bytes): Promise<void> {
          parts[partition] = new Uint8Array(bytes)
          observer.partWriting({ environment, path, partition, bytes, fence })
          await opened.write(partition, bytes)
        },
        async admit(): Promise<void> {
          await opened.admit?.()
          observer.outputAdmitted({ path, fence })
        },
        wrote(partition, receipt): void {
          const { name } = JSON.parse(receipt) as CreatedPart
          // Whoever is late finds bundles removed that another attempt has published.
          parts[partition] = bucket.lastBytesOf(`${path}/${name}`) ?? MISSING
          opened.wrote?.(partition, receipt)
        },
        async finish(): Promise<Receipt> {
          const write = { environment, path, parts, fence }
          observer.outputting(write)
          const receipt = await opened.finish()
          observer.outputted(write)
          return receipt
        },
      }
    },
    async writePart(batch, fence, partition, bytes): Promise<PartReceipt> {
      observer.partWriting({ environment, path: batch.path, partition, bytes, fence })
      return (await sink.writePart?.(batch, fence, partition, bytes)) as PartReceipt
    },
  }
}

const MISSING = Buffer.from('a part that is not there')

const bucketThrough = (
  bucket: OutputBucket,
  observer: Observer,
  call: Caller,
): ConditionalBucket => {
  const step = <T>(name: string, effect: () => Promise<T>): Promise<T> =>
    call({ name, code: 'OUTPUT_FAILED', effect })
  const change = (name: string, key: string, effect: () => Promise<boolean>): Promise<boolean> =>
    step(`${name} output ${key}`, async () => {
      const isChanged = await effect()
      if (isChanged) observer.outputChanged(key)
      return isChanged
    })
  return {
    list: (prefix) => step(`list outputs ${prefix}`, () => bucket.list(prefix)),
    head: (key) => step(`head output ${key}`, () => bucket.head(key)),
    get: (key) => step(`get output ${key}`, () => bucket.get(key)),
    putIfSeen: (object, seen) => change('put', object.key, () => bucket.putIfSeen(object, seen)),
    deleteIfSeen: (key, seen) => change('delete', key, () => bucket.deleteIfSeen(key, seen)),
  }
}
