/** What a parameter of a node may be: it goes into the plan hash as JSON. */
export type Parameter = string | number | boolean | null
