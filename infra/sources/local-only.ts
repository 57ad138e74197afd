/** Kinds of sources that cannot be deployed, since functions on AWS come and go. */
import { registerLocalSourceKind } from './source-kind.ts'

registerLocalSourceKind({
  declaredKind: 'queue',
  code: 'QUEUE_NOT_RECOVERABLE',
  problem: 'A queueStream is in the memory of one process, and functions on AWS come and go',
  fix: () => 'use kinesisTextStream(), sqsTextStream() or textFileStream()',
})

registerLocalSourceKind({
  declaredKind: 'receiver',
  code: 'BINDING_MISSING',
  problem: 'A receiver needs a process that stays, and functions on AWS come and go',
  fix: () => 'run the receiver elsewhere: let it put records into a stream for kinesisStream()',
})

registerLocalSourceKind({
  declaredKind: 'socket',
  code: 'BINDING_MISSING',
  problem: 'A function on AWS cannot wait for what arrives on a socket',
  fix: ({ name }) => `bind the name to a stream, a bucket or a queue: { '${name}': stream }`,
})
