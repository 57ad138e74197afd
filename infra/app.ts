/** The app that `npx cdk deploy` deploys in this repository. */
import { App } from 'aws-cdk-lib'
import { exampleStack } from './example.ts'

exampleStack(new App())
