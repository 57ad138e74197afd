/** Kinds of sources that cannot be deployed, since functions on AWS come and go. */
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import { registerLocalSourceKind } from './source-kind.ts'

registerLocalSourceKind({
  declaredKind: 'mqtt',
  code: 'BINDING_MISSING',
  canBeFed: true,
  problem: 'A function on AWS cannot stay connected to a broker of MQTT',
  fix: ({ name, elements }) =>
    `let millrace receive read the broker elsewhere: receive: ['${name}']` +
    (elements === TEXT
      ? `, or let a rule of AWS IoT send to a stream or a queue: { '${name}': stream }`
      : ''),
})

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
