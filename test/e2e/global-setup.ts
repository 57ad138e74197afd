import { findOrStartEmulator } from './emulator.ts'

/** One emulator for all files. They use different names, so they do not meet. */
export const setup = async (): Promise<() => Promise<void>> => {
  const { endpoint, stop } = await findOrStartEmulator()
  // Workers inherit these. A test must never use real credentials from the environment.
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    CDK_DEFAULT_ACCOUNT: '000000000000',
    CDK_DEFAULT_REGION: 'us-east-1',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  })
  return stop
}
