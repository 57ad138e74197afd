/**
 * Finds a deployed application with the user's own credentials. Only this module loads the clients
 * of AWS.
 */
import { loadAws } from '../adapters/aws/packages.ts'
import { MillraceError } from '../base/errors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { type Deployment, deploymentIn, parameterName } from '../tools/deployment.ts'

/** A deployed application, and its store. */
export interface DeployedStore {
  readonly region: string
  readonly deployment: Deployment
  readonly store: ItemStore
}

/**
 * Finds the application with this name, in the account and region of the user's environment.
 *
 * @throws MillraceError `STORE_NOT_FOUND`, `ACCESS_DENIED`, `CREDENTIALS_MISSING`,
 * `PACKAGE_MISSING`, `STORE_UNREADABLE`, `STORE_FAILED`.
 */
export const deployedStore = async (appName: string): Promise<DeployedStore> => {
  const { profileOfCalls, readParameter, regionOfCalls } = await loadAws(
    () => import('../adapters/aws/ssm-parameter.ts'),
  )
  const region = await regionOfCalls()
  const text = await readParameter(parameterName(appName))
  if (text === undefined) throw notThere(appName, region, profileOfCalls())
  const deployment = deploymentIn(appName, text)
  return { region, deployment, store: await storeOf(deployment) }
}

/**
 * The same store as that of the functions: large segments are in a bucket, all other items are in
 * the table.
 */
const storeOf = async ({ app, table, blocks }: Deployment): Promise<ItemStore> => {
  const { dynamodbItemStore } = await loadAws(
    () => import('../adapters/aws/dynamodb-item-store.ts'),
  )
  const { s3BlobStore } = await loadAws(() => import('../adapters/aws/s3-blob-store.ts'))
  const { withBlobs } = await import('../adapters/blob-item-store.ts')
  const isBlobPartition = (partition: string): boolean => partition.startsWith(`${app}#seg#`)
  return withBlobs(dynamodbItemStore({ table }), s3BlobStore({ bucket: blocks }), {
    isBlobPartition,
  })
}

const notThere = (appName: string, region: string, profile: string | undefined): MillraceError =>
  new MillraceError('STORE_NOT_FOUND', {
    problem:
      `No application has this name in the region ${region}, in the account of ` +
      `${profile === undefined ? 'these credentials' : `the profile ${profile}`}`,
    value: appName,
    allowed:
      'the name that cdk deploy printed: the name of the pipeline, or the appName of the ' +
      'construct StreamingApp',
    fix:
      'check the name, and set AWS_REGION=... and AWS_PROFILE=... if the application is ' +
      'elsewhere. Deploy it again if it was deployed by a version without this parameter',
  })
