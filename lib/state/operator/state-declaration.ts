/**
 * What an operator keeps from batch to batch. State and panes each have `partitions` partitions.
 */
export interface StateDeclaration {
  readonly partitions: number
  /** The operator keeps a state for each key. Default: false. */
  readonly state?: boolean
  /**
   * Takes what users call the state out of the value that is stored for a key. Default: the whole
   * value.
   */
  readonly shown?: (stored: unknown) => unknown
  /** The operator keeps panes: its input of earlier batch times. Default: false. */
  readonly panes?: boolean
  /** Anything else that must stay the same, so that another plan can read the stored state. */
  readonly layout?: string
}

/**
 * One thing that an operator keeps. All fields must stay the same, so that another plan can read
 * it.
 */
export interface StateShape {
  /** For state: the id of the node. For panes: the id of the node followed by `/panes`. */
  readonly id: string
  readonly kind: string
  readonly form: 'state' | 'panes'
  readonly partitions: number
  /** See {@link StateDeclaration.layout}. Default: empty. */
  readonly layout: string
}

/** The id under which the panes of an operator are stored. No node has such an id. */
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
 * Reasons why a plan with the shapes `current` cannot read what was written with the shapes
 * `stored`. Empty: it can. A plan may add states, but not remove them.
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
          `the state "${old.id}" has ${old.partitions} partitions in the store ` +
            `and ${now.partitions} in the pipeline`,
        ]
  })
