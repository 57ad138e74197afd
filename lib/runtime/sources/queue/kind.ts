/** Reads RDDs from an array in the memory of this process. */
import { isQueue } from '../../../dstream/sources/queue.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import { queueInput, queueReader } from './reader.ts'

const queue: SourceKind = {
  name: 'queue',
  noun: 'a queue in memory',
  gives: ['what is in the queue'],
  isAvailable: () => true,
  locateUnbound: () => ({ kind: 'queue' }),
  describe: () => ({ what: 'a queue in memory' }),
  open: (_, { source, declared, process }) => {
    if (!isQueue(declared)) throw new TypeError(`${source} is not a queue`)
    return { reader: queueReader(declared, process) }
  },
  input: queueInput,
}

registerSourceKind(queue)
