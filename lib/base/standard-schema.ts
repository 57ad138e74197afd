/**
 * What schemas of zod, valibot, arktype and others have in common: the interface of Standard
 * Schema, version 1 (standardschema.dev), which every library may state for itself.
 */

/**
 * A schema of any library that follows Standard Schema.
 *
 * @example const checks = (schema: StandardSchema): string => schema['~standard'].vendor
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    /** The name of the library. */
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** Only for the type checker. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** What is wrong with a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/**
 * The type of the values that a schema gives.
 *
 * @example type Click = SchemaOutput<StandardSchema<unknown, { page: string }>>
 */
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

const NAME = /^[A-Za-z_$][\w$]*$/

/**
 * Where in a value an issue is, as JavaScript writes it: `items[0].price`. Empty: the value itself.
 */
export const pathText = ({ path = [] }: SchemaIssue): string =>
  path
    .map((part) => (typeof part === 'object' ? part.key : part))
    .map((key, index) => {
      if (typeof key === 'string' && NAME.test(key)) return index === 0 ? key : `.${key}`
      return `[${typeof key === 'string' ? JSON.stringify(key) : String(key)}]`
    })
    .join('')
