/** What an operator keeps from batch to batch, each in so many partitions. */
export interface StateDeclaration {
  readonly partitions: number
  /** A state for each key. */
  readonly state?: boolean
  /** What users call the state, in what is stored for a key. Default: all of it. */
  readonly shown?: (stored: unknown) => unknown
  /** What came in at earlier batch times. */
  readonly panes?: boolean
  /** What else must stay the same for what is stored to make sense to another plan. */
  readonly layout?: string
}

/** One thing that an operator keeps, and what must stay the same for another plan to read it. */
export interface StateShape {
  /** Of the state: that of the node. Of the panes: that of the node and `/panes`. */
  readonly id: string
  readonly kind: string
  readonly form: 'state' | 'panes'
  readonly partitions: number
  /** See {@link StateDeclaration.layout}. Empty if there is nothing to say. */
  readonly layout: string
}

/** Where the panes of an operator are stored. No node has such an id. */
export const panesId = (id: string): string => `${id}/panes`

/** The shapes of what one operator keeps. */
export const shapesOf = (
  id: string,
  kind: string,
  declared: StateDeclaration | undefined,
): readonly StateShape[] => {
  if (declared === undefined) return []
  const { partitions, state = false, panes = false, layout = '' } = declared
  return [
    ...(state ? [{ id, kind, form: 'state', partitions, layout } as const] : []),
    ...(panes ? [{ id: panesId(id), kind, form: 'panes', partitions, layout } as const] : []),
  ]
}

/**
 * Why state that was written under `stored` cannot be read by a plan with `current`. Empty: it can.
 * New states may come, old ones may not go.
 */
export const stateConflicts = (
  stored: readonly StateShape[],
  current: readonly StateShape[],
): readonly string[] =>
  stored.flatMap((old) => {
    const now = current.find(({ id }) => id === old.id)
    if (now === undefined)
      return [`the state "${old.id}" (${old.kind}) is in the store and not in the pipeline`]
    if (now.kind !== old.kind)
      return [`the state "${old.id}" was made by ${old.kind} and is now ${now.kind}`]
    if (now.layout !== old.layout)
      return [`the state "${old.id}" was made with ${old.layout} and is now ${now.layout}`]
    return now.partitions === old.partitions
      ? []
      : [
          `the state "${old.id}" has ${old.partitions} partitions in the store and ${now.partitions} in the pipeline`,
        ]
  })
