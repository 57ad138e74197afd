/** The module of the user's pipeline: the bundler puts it in the place of this name. */
declare module 'millrace-pipeline' {
  import type { Pipeline } from 'millrace'

  const pipeline: Pipeline
  export default pipeline
}
