/** What `npx cdk deploy` deploys in this repository: an example, with all that it needs created. */
import { App, Stack } from 'aws-cdk-lib'
import { join } from 'node:path'
import { StreamingApp } from './streaming-app.ts'

const app = new App()
const stack = new Stack(app, 'Millrace', { description: 'An example of Millrace: the clicks of a stream, counted' })
new StreamingApp(stack, 'Example', { entry: join(import.meta.dirname, '..', 'examples', 'clicks.ts') })
