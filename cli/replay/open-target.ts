/** The deployed application that gets the copy of a replay. */
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { MillraceError } from '../../lib/base/errors.ts'
import { checkNew, listedStore, moveCopy } from '../../lib/runtime/replay/move-copy.ts'
import { openDeployed } from '../open-deployed.ts'
import type { OpenCopy } from './open-replay.ts'

/** A copy in memory, and how it gets into the application. */
export interface OpenTarget extends OpenCopy {
  /** Gives the copy to the application, after the last batch. */
  take(): Promise<void>
}

/**
 * Opens the application with this name for the copy of `app`.
 *
 * @throws MillraceError `COMMAND_REFUSED` when it is not new; `PLAN_INCOMPATIBLE` when it has
 * another pipeline; the errors of `openDeployed`.
 */
export const openTarget = async (appName: string, app: string): Promise<OpenTarget> => {
  const opened = await openDeployed(appName)
  const { store, clock, leaseMs, randomness, deployed } = opened
  if (deployed === undefined) throw new TypeError('a deployed application has a deployment')
  if (opened.app !== app)
    throw new MillraceError('PLAN_INCOMPATIBLE', {
      problem: `The application "${appName}" has another pipeline, and cannot go on with this one`,
      value: opened.app,
      allowed: app,
      fix:
        `deploy the pipeline "${app}" once more, with an appName and a table of its own, and ` +
        'name that one',
    })
  const target = { store, app, clock, deployed, leaseMs }
  await checkNew(target)
  const copy = listedStore(memoryItemStore())
  return {
    store: copy,
    close: () => undefined,
    take: () => moveCopy(copy, target, randomness.attemptId()),
  }
}
