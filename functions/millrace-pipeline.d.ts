/** The pipeline module of the user: the bundler replaces this name. */
declare module 'millrace-pipeline' {
  import type { Pipeline } from 'millrace'

  const pipeline: Pipeline
  export default pipeline
}
