/** What JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json }

/** What a table holds under one key. */
export interface TableItem {
  readonly key: string
  readonly value: Json
}
