/**
 * Sources as values. A kind of source that only some pipelines use is a module of its own, which
 * they import: `import { kafka } from 'millrace/kafka'`. What nobody imports is in no bundle.
 */
import { MillraceError } from '../../base/errors.ts'
import type { DStream } from '../dstream.ts'
import { decodeNode } from '../operators/decode.ts'
import type { Parameter } from '../parameter.ts'
import { StreamingContext } from '../streaming-context.ts'
import type { SourceDeclaration } from './declaration.ts'
import { sourceNode } from './source-node.ts'

/**
 * A source that `streamFrom` reads, such as `kafka('orders')`. `T`: its elements.
 *
 * @example const orders: StreamSource<string> = kafka('orders')
 */
export interface StreamSource<T> {
  /** What users call, for the ids of nodes: `kafka`. */
  readonly operator: string
  /** The part that is hashed with the plan. */
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly declaration: SourceDeclaration
  /** Makes an element from a record. Left out: the records are the elements. */
  readonly decode?: ((record: never) => T) | undefined
  /** Never there: it carries the type of the elements. */
  readonly element?: T
}

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * The records of a source that is a module of its own: `millrace/kafka`.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `source` is not such a source; `PLAN_FROZEN`.
     * @example ssc.streamFrom(kafka('orders')).print()
     */
    streamFrom<T>(source: StreamSource<T>): DStream<T>
  }
}

StreamingContext.prototype.streamFrom = function <T>(
  this: StreamingContext,
  source: StreamSource<T>,
): DStream<T> {
  const { operator, parameters, declaration, decode } = checkSource(source)
  const records = sourceNode(operator, parameters, declaration)
  if (decode === undefined) return this.from<T>(records)
  return this.from<unknown>(records).to<T>(decodeNode(records, decode as (record: unknown) => T))
}

const checkSource = <T>(source: StreamSource<T>): StreamSource<T> => {
  const { declaration } = (source ?? {}) as Partial<StreamSource<T>>
  if (typeof declaration?.kind === 'string') return source
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'streamFrom() needs a source',
    value: source,
    fix: "for example streamFrom(kafka('orders')), with kafka from 'millrace/kafka'",
  })
}
