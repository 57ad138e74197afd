/** Opens a deployed application for the commands, with the user's own credentials. */
import { deployedStore } from '../lib/access/deployed-store.ts'
import { loadAws } from '../lib/adapters/aws/packages.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { isMillraceError } from '../lib/base/errors.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import { delaySeconds, type Trigger } from '../lib/runtime/driver/triggers.ts'
import { type Head, HeadStore, lastTimeMs } from '../lib/state/head.ts'
import type { Deployment } from '../lib/tools/deployment.ts'
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
  const { region, deployment, store } = await deployedStore(appName)
  const clock = systemClock()
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
