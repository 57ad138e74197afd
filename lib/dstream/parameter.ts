/** The types that a parameter of a node may have. The plan hash contains them as JSON. */
export type Parameter = string | number | boolean | null
