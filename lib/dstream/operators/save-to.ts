import { MillraceError } from '../../base/errors.ts'
import { sentLines } from '../../formats/sent-lines.ts'
import type { SinkDeclaration } from '../../rdd/sink-declaration.ts'
import { writeChecked } from '../../rdd/write-checked.ts'
import { DStream } from '../dstream.ts'
import { outputNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Sends every batch to a database or a service. The kind of sink that makes the declaration
     * comes from an entry of its own, such as `millrace/postgres`, and says what it promises.
     *
     * Locally, the name can be bound to what the kind writes to, or to a directory
     * (`--bind scores=./directory`): there each batch is a directory of files with a line of JSON
     * for each row or message.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when it is given something else. In a batch: the
     * errors of the kind, such as `OUTPUT_FAILED`.
     * @example
     * ```ts
     * counts.saveTo(sqlite('scores', { table: 'totals', key: 'word', value: 'count' }))
     * ```
     */
    saveTo(sink: SinkDeclaration<T>): void
  }
}

const isDeclaration = (sink: unknown): sink is SinkDeclaration =>
  typeof sink === 'object' && sink !== null && 'place' in sink && 'send' in sink

DStream.prototype.saveTo = function (sink: SinkDeclaration) {
  if (!isDeclaration(sink))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'saveTo() needs what a kind of sink makes',
      value: sink,
      allowed: "for example postgres('scores', { table: 'totals', key: 'word' })",
      fix: "import a kind: import { postgres } from 'millrace/postgres'",
    })
  const { place, kind, settings, send, shape } = sink
  // The batch time is needed for directories, where each batch has its own files.
  const placeAt = (timeMs: number): string => `${place}/${timeMs}`
  const format = sentLines(send)
  this.emit(
    outputNode(
      'saveTo',
      this.node,
      { sink: kind, place, settings: JSON.stringify(settings) },
      async (input, { timeMs, write }) =>
        writeChecked(input, { place: placeAt(timeMs), format, sink }, write),
      { writesTo: place, placeAt, sends: shape },
    ),
  )
}
