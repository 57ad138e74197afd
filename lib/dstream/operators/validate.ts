import { MillraceError } from '../../base/errors.ts'
import { ignoreRejections, isPromise } from '../../base/promises.ts'
import {
  pathText,
  type SchemaIssue,
  type SchemaOutput,
  type SchemaResult,
  type StandardSchema,
} from '../../base/standard-schema.ts'
import { DStream } from '../dstream.ts'
import { narrowNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * The elements that fit a schema of zod, valibot, arktype, or any library that follows Standard
     * Schema. They are what the schema gives, with its defaults and changes, and have its type. An
     * element that does not fit becomes a dead letter (`RECORD_INVALID`), which says where in it
     * the first issue is. The schema must be synchronous, and give the same for the same element.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `schema` is no schema, or is asynchronous;
     * `PLAN_FROZEN`.
     * @example
     * ```ts
     * const text: StandardSchema<unknown, string> = {
     *   '~standard': {
     *     version: 1,
     *     vendor: 'example',
     *     validate: (value) =>
     *       typeof value === 'string' ? { value } : { issues: [{ message: 'not a text' }] },
     *   },
     * }
     * ssc.fileStream('drop', { format: jsonLines() }).validate(text).map((name) => name.length)
     * ```
     */
    validate<S extends StandardSchema>(schema: S): DStream<SchemaOutput<S>>
  }
}

DStream.prototype.validate = function <S extends StandardSchema>(schema: S) {
  const standard = (schema as Partial<S> | null | undefined)?.['~standard']
  if (typeof standard?.validate !== 'function')
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'validate() needs a schema that follows Standard Schema',
      value: schema,
      fix: 'for example validate(z.object({ page: z.string() })), with z from zod',
    })
  checkSynchronous(standard)
  const step = (element: unknown): unknown => {
    const result = standard.validate(element)
    if (isPromise(result)) {
      ignoreRejections([result])
      throw asynchronous('PROMISE_UNEXPECTED', standard.vendor)
    }
    const { issues, value } = result as SchemaResult<unknown> & { readonly value?: unknown }
    if (issues !== undefined) throw invalid(element, issues)
    return value
  }
  const node = narrowNode('validate', this.node, (input) =>
    input.map(step as (element: never) => unknown),
  )
  return this.to<SchemaOutput<S>>(
    Object.freeze({ ...node, parameters: Object.freeze({ schema: standard.vendor }) }),
  )
}

/** Some schemas show it for any value, others only for one that gets as far as what is slow. */
const checkSynchronous = ({ validate, vendor }: StandardSchema['~standard']): void => {
  let result: unknown
  try {
    result = validate(undefined)
  } catch {
    return
  }
  if (!isPromise(result)) return
  ignoreRejections([result])
  throw asynchronous('ARGUMENT_INVALID', vendor)
}

const asynchronous = (
  code: 'ARGUMENT_INVALID' | 'PROMISE_UNEXPECTED',
  vendor: string,
): MillraceError =>
  new MillraceError(code, {
    problem: 'validate() needs a schema that answers at once, but this one returns a promise',
    value: `a schema of ${vendor}`,
    fix: 'do what is asynchronous in mapPartitions, which waits for promises',
  })

const invalid = (element: unknown, [first, ...others]: readonly SchemaIssue[]): MillraceError => {
  const path = first === undefined ? '' : pathText(first)
  const place = path === '' ? 'An element' : `The field ${path} of an element`
  const { length } = others
  const more = length === 0 ? '' : `; ${length} more ${length === 1 ? 'issue' : 'issues'}`
  return new MillraceError('RECORD_INVALID', {
    problem: `${place} does not fit the schema: ${first?.message ?? 'no reason given'}${more}`,
    value: element,
    fix: 'correct what writes it, or the schema; the record is a dead letter, and can be redriven',
  })
}
