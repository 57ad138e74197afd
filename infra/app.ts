/** What `npx cdk deploy` deploys in this repository: an example, with all that it needs created. */
import { App } from 'aws-cdk-lib'
import { exampleStack } from './example.ts'

exampleStack(new App())
