/** The stack of the test: the pipeline of the module that the test names. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { StreamingApp } from '../../../infra/streaming-app.ts'

const stack = new Stack(new App(), 'Numbered')
const { driver } = new StreamingApp(stack, 'Numbered', {
  entry: process.env['MILLRACE_E2E_ENTRY'] ?? '',
  appName: 'numbered',
})
new CfnOutput(stack, 'TestDriver', { value: driver.function.functionName })
