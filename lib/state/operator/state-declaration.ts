/**
 * What an operator keeps from batch to batch, and which plans can read it.
 *
 * A state that was stored in another way than a plan stores it is either carried over, when the
 * plan can read every byte of it, or refused. It is never read as something else.
 */

/** Makes the stored value of a key in the layout of this plan, in the batch of this time. */
export type Convert = (stored: unknown, timeMs: number) => unknown

/**
 * How a plan reads what was stored with another layout. `as it is`: the bytes mean the same.
 * Undefined: it cannot read them. `doneMs` is the time of the last batch that was stored.
 */
export type CarryOver = (layout: string, doneMs: number) => Convert | 'as it is' | undefined

/** State and panes each have `partitions` partitions. */
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
  /**
   * Panes are pairs by key (`KeyedPane`), so another number of partitions can divide them. Default:
   * false.
   */
  readonly keyedPanes?: boolean
  /**
   * Panes only wait for the timer of the operator: until it fires, time alone changes nothing. So a
   * pipeline may rest while there are panes. Default: false.
   */
  readonly panesWait?: boolean
  /**
   * Anything else that decides how the stored bytes are read, in words: users see it when it has
   * changed. Default: empty.
   */
  readonly layout?: string
  /** Which other layouts the operator can read. Default: none. Panes cannot be converted. */
  readonly carryOver?: CarryOver
}

/** One thing that an operator keeps, and how it is stored. */
export interface StateShape {
  /** For state: the id of the node. For panes: the id of the node followed by `/panes`. */
  readonly id: string
  readonly kind: string
  readonly form: 'state' | 'panes'
  readonly partitions: number
  /** See {@link StateDeclaration.layout}. */
  readonly layout: string
  /** For panes in a store: their number. */
  readonly held?: number
}

/** What an operator of this plan keeps. */
export interface PlannedState extends StateShape {
  /** Whether the keys can be divided among another number of partitions. */
  readonly isDivisible: boolean
  /** See {@link StateDeclaration.panesWait}. */
  readonly panesWait?: boolean
  readonly carryOver?: CarryOver
}

/** The id under which the panes of an operator are stored. No node has such an id. */
export const panesId = (id: string): string => `${id}/panes`

/** The shapes of what one operator keeps. */
export const shapesOf = (
  id: string,
  kind: string,
  declared: StateDeclaration | undefined,
): readonly PlannedState[] => {
  if (declared === undefined) return []
  const { partitions, state = false, panes = false, panesWait = false } = declared
  const { layout = '', carryOver, keyedPanes = false } = declared
  const common = { kind, partitions, layout, ...(carryOver === undefined ? {} : { carryOver }) }
  return [
    ...(state
      ? [{ ...common, id, form: 'state', isDivisible: !panes || keyedPanes } as const]
      : []),
    ...(panes
      ? [{ ...common, id: panesId(id), form: 'panes', isDivisible: keyedPanes, panesWait } as const]
      : []),
  ]
}

/** Whether a plan has everything where and as it is stored. */
export const isSameShape = (stored: StateShape, now: StateShape): boolean =>
  stored.kind === now.kind && stored.layout === now.layout && stored.partitions === now.partitions

/** How a plan reads a layout, its own or another one. */
export const conversionOf = (
  stored: Pick<StateShape, 'layout'>,
  now: PlannedState,
  doneMs: number,
): ReturnType<CarryOver> =>
  stored.layout === now.layout ? 'as it is' : now.carryOver?.(stored.layout, doneMs)

/** What becomes of the stored states under another plan, in words. */
export interface StateFit {
  /** Reasons why the plan cannot read what is stored. Empty: it can. */
  readonly conflicts: readonly string[]
  /** What it reads although it would store it in another way. */
  readonly carriedOver: readonly string[]
}

/**
 * Whether a plan with the states `current` can read what was written with the shapes `stored` up to
 * the batch at `doneMs`. A plan may add states, but not remove them. It may remove panes when there
 * are none.
 */
export const stateFit = (
  stored: readonly StateShape[],
  current: readonly PlannedState[],
  doneMs: number,
): StateFit => {
  const fits = stored.map((old) =>
    fitOf(
      old,
      current.find(({ id }) => id === old.id),
      doneMs,
    ),
  )
  return {
    conflicts: fits.flatMap(({ conflicts }) => conflicts),
    carriedOver: fits.flatMap(({ carriedOver }) => carriedOver),
  }
}

const conflict = (text: string): StateFit => ({ conflicts: [text], carriedOver: [] })

const madeText = (layout: string): string => (layout === '' ? 'plain' : `with ${layout}`)

const fitOf = (old: StateShape, now: PlannedState | undefined, doneMs: number): StateFit => {
  const name = `the state "${old.id}"`
  if (now === undefined) {
    if (old.held === 0) return { conflicts: [], carriedOver: [] }
    const held = old.held === undefined ? '' : `, with ${old.held} batches`
    return conflict(`${name} (${old.kind}${held}) is in the store and not in the pipeline`)
  }
  if (now.kind !== old.kind)
    return conflict(`${name} was made by ${old.kind} and is now ${now.kind}`)
  const layouts = `was made ${madeText(old.layout)} and is now ${madeText(now.layout)}`
  if (conversionOf(old, now, doneMs) === undefined) return conflict(`${name} ${layouts}`)
  const numbers =
    `has ${old.partitions} partitions in the store ` + `and ${now.partitions} in the pipeline`
  if (now.partitions !== old.partitions && !now.isDivisible) return conflict(`${name} ${numbers}`)
  return {
    conflicts: [],
    carriedOver: [
      ...(now.layout === old.layout ? [] : [`${name} ${layouts}`]),
      ...(now.partitions === old.partitions ? [] : [`${name} ${numbers}`]),
    ],
  }
}
