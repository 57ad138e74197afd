/** A value that JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json }

/** An item of a table: its key and its value. */
export interface TableItem {
  readonly key: string
  readonly value: Json
}
