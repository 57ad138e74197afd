/** A change of one file: `find` must stand in it exactly once. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/**
 * A bug of the protocol that is planted on purpose, to see that the simulator finds it: a change of the runtime's source text, made while a
 * process of its own loads it. Nothing of this is in `lib/`.
 */
export interface PlantedBug {
  readonly name: string
  /** What goes wrong with it, in a few words. */
  readonly effect: string
  readonly edits: readonly Edit[]
}

/** The code's own assertions would stop some bugs before a checker can: they are taken out where they stand in the way. */
export const withoutAssertion = (file: string, find: string): Edit => ({ file, find, replace: '' })
