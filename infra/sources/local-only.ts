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
  canBeFed: true,
  problem: 'A receiver needs a process that stays, and functions on AWS come and go',
  fix: ({ id, name = id }) => `let millrace receive run it elsewhere: receive: ['${name}']`,
})

registerLocalSourceKind({
  declaredKind: 'socket',
  code: 'BINDING_MISSING',
  canBeFed: true,
  problem: 'A function on AWS cannot wait for what arrives on a socket',
  fix: ({ name }) =>
    `bind the name to a stream, a bucket or a queue: { '${name}': stream }, ` +
    `or let millrace receive read the socket elsewhere: receive: ['${name}']`,
})
