/**
 * A change of one file. `find` must stand in it exactly once. Only its words and signs count: the
 * lines may be broken in another way.
 */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/**
 * A bug of the protocol that is planted on purpose, to see that the simulator finds it. It changes
 * the source text of the runtime while a process of its own loads it. Nothing of it is in `lib/`.
 */
export interface PlantedBug {
  readonly name: string
  /** What goes wrong with it, in a few words. */
  readonly effect: string
  /** The pipeline that can show it. Default: any. Seeds of other pipelines would only take time. */
  readonly pipeline?: string
  /**
   * The file of a test that fails with it at once. Only where worlds that show the bug are so rare
   * that each change of the simulated world loses their seeds. Default: seeds are hunted.
   */
  readonly test?: string
  readonly edits: readonly Edit[]
}

/**
 * Some bugs would be stopped by an assertion of the code before a checker sees them. This takes the
 * assertion out: its condition holds always.
 */
export const withoutAssertion = (file: string, condition: string): Edit => ({
  file,
  find: `${condition},`,
  replace: 'true,',
})
