import { MillraceError } from '../../base/errors.ts'
import type { DStream } from '../dstream.ts'
import { StreamingContext } from '../streaming-context.ts'
import { TEXT } from './declaration.ts'
import { sourceNode } from './source-node.ts'

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * The lines of text that arrive on a TCP connection, decoded as UTF-8 and split at line feeds.
     * A socket cannot be read again: lines that were received but not yet stored are lost if the
     * process ends. The source can be bound under the name `host:port`.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the host is empty, or the port is not a whole
     * number from 1 to 65535; `PLAN_FROZEN`.
     * @example ssc.socketTextStream('localhost', 9999).print()
     */
    socketTextStream(host: string, port: number): DStream<string>
  }
}

StreamingContext.prototype.socketTextStream = function (host, port) {
  if (typeof host !== 'string' || host === '')
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'socketTextStream() needs a host',
      value: host,
      fix: "for example socketTextStream('localhost', 9999)",
    })
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'socketTextStream() needs a port',
      value: port,
      allowed: 'a whole number from 1 to 65535',
    })
  const name = `${host}:${port}`
  return this.from<string>(
    sourceNode(
      'socketTextStream',
      { name },
      { kind: 'socket', name, literal: `socket://${name}`, elements: TEXT },
    ),
  )
}
