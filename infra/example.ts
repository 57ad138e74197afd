import { type App, Stack, type StackProps } from 'aws-cdk-lib'
import { join } from 'node:path'
import type { StreamingAppProps } from './props.ts'
import { StreamingApp } from './streaming-app.ts'

/** What a deployment of the example may have instead of what `npx cdk deploy` gives it. */
export interface ExampleProps {
  readonly stack?: StackProps
  readonly app?: Partial<StreamingAppProps>
}

/** The stack of this repository: an example for which everything is created. */
export const exampleStack = (app: App, props: ExampleProps = {}): StreamingApp => {
  const description = 'An example of Millrace: counts clicks from a stream and from files'
  const stack = new Stack(app, 'Millrace', { description, ...props.stack })
  return new StreamingApp(stack, 'Example', {
    entry: join(import.meta.dirname, '..', 'examples', 'clicks.ts'),
    ...props.app,
  })
}
