/**
 * Finds a deployed application with the user's own credentials. Only this module loads the clients
 * of AWS.
 */
import { loadAws } from '../lib/adapters/aws/packages.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { isMillraceError, MillraceError } from '../lib/base/errors.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import { delaySeconds, type Trigger } from '../lib/runtime/driver/triggers.ts'
import { type Head, HeadStore, lastTimeMs } from '../lib/state/head.ts'
import { type Deployment, deploymentIn, parameterName } from '../lib/tools/deployment.ts'
import type { OpenApp } from './open-app.ts'

/** The longest time that an invocation may take, plus the margin of its lease. */
const LEASE_MS_MAX = 903_000

/**
 * Opens the application with this name, in the account and region of the user's environment.
 *
 * @throws MillraceError `STORE_NOT_FOUND`, `ACCESS_DENIED`, `CREDENTIALS_MISSING`,
 * `PACKAGE_MISSING`, `STORE_UNREADABLE`, `STORE_FAILED`.
 */
export const openDeployed = async (appName: string): Promise<OpenApp> => {
  const { readParameter, regionOfCalls } = await loadAws(
    () => import('../lib/adapters/aws/ssm-parameter.ts'),
  )
  const region = await regionOfCalls()
  const text = await readParameter(parameterName(appName))
  if (text === undefined) throw notThere(appName, region)
  const deployment = deploymentIn(appName, text)
  const clock = systemClock()
  const store = await storeOf(deployment)
  return {
    location: `AWS, ${region}`,
    target: `--app ${appName}`,
    app: deployment.app,
    store,
    clock,
    lastMs: async () => lastTimeMs(await headIfAllowed(store, deployment.app), clock.now()),
    randomness: systemRandomness(),
    leaseMs: LEASE_MS_MAX,
    deployed: {
      ...deployment,
      scheduleTriggers: (triggers) => scheduleTriggers(deployment, triggers, clock.now()),
    },
  }
}

/** Who may only read dead letters may not read the head. */
const headIfAllowed = async (store: ItemStore, app: string): Promise<Head | undefined> => {
  try {
    return await new HeadStore(store, app).read()
  } catch (error) {
    if (isMillraceError(error) && error.code === 'ACCESS_DENIED') return undefined
    throw error
  }
}

/**
 * The same store as that of the functions: large segments are in a bucket, all other items are in
 * the table.
 */
const storeOf = async ({ app, table, blocks }: Deployment): Promise<ItemStore> => {
  const { dynamodbItemStore } = await loadAws(
    () => import('../lib/adapters/aws/dynamodb-item-store.ts'),
  )
  const { s3BlobStore } = await loadAws(() => import('../lib/adapters/aws/s3-blob-store.ts'))
  const { withBlobs } = await import('../lib/adapters/blob-item-store.ts')
  const isBlobPartition = (partition: string): boolean => partition.startsWith(`${app}#seg#`)
  return withBlobs(dynamodbItemStore({ table }), s3BlobStore({ bucket: blocks }), {
    isBlobPartition,
  })
}

const scheduleTriggers = async (
  { triggers: queueUrl }: Deployment,
  triggers: readonly Trigger[],
  nowMs: number,
): Promise<void> => {
  const { sendMessages } = await loadAws(() => import('../lib/adapters/aws/sqs-queue.ts'))
  await sendMessages(
    queueUrl,
    triggers.map((trigger) => ({
      text: JSON.stringify(trigger),
      delayS: delaySeconds(trigger, nowMs),
    })),
  )
}

const notThere = (appName: string, region: string): MillraceError => {
  const profile = process.env['AWS_PROFILE']
  return new MillraceError('STORE_NOT_FOUND', {
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
}
