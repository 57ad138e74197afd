/** What operators do with a simulated application. */
import { type Redriven, redrive } from '../../runtime/dead-letters/redrive.ts'
import { leaseMsFor } from '../../runtime/driver/driver-handler.ts'
import { reset } from '../../runtime/operations/reset.ts'
import { skip } from '../../runtime/operations/skip.ts'
import { skipSource } from '../../runtime/operations/skip-source.ts'
import { HeadStore, lastTimeMs } from '../../state/head.ts'
import { type ApplicationParts, DRIVER_TIMEOUT_MS, portsOf } from './application.ts'
import type { Environment } from './environment.ts'
import { importSame } from './same-import.ts'

/**
 * An operator redrives dead letters, and calls the driver. `limit`: the most records to redrive,
 * besides those that an earlier redrive has begun.
 */
export const redriveDeadLetters = async (
  parts: ApplicationParts & { readonly app: string },
  environment: Environment,
  limit: number,
): Promise<Redriven> => {
  const { store, clock, randomness, scheduleTriggers } = portsOf(parts, environment)
  let isWoken = false
  const woke = (): void => void (isWoken = true)
  const toMs = lastTimeMs(await new HeadStore(store, parts.app).read(), clock.now())
  const given = await redrive(
    { store, app: parts.app, clock, randomness, woke },
    { fromMs: parts.world.startMs, toMs, limit },
  )
  if (isWoken) await scheduleTriggers([{ app: parts.app, scheduleMinute: true }])
  return given
}

/** What operators do with an application. */
export type OperatorCommand = 'skip' | 'reset' | 'skipSource' | 'import'

/** An operator gives a command, and calls the driver. */
export const operate = async (
  parts: ApplicationParts & { readonly app: string },
  environment: Environment,
  command: OperatorCommand,
): Promise<void> => {
  const { app } = parts
  const operated = {
    ...portsOf(parts, environment),
    app,
    leaseMs: leaseMsFor(DRIVER_TIMEOUT_MS),
  }
  if (command === 'skip') await skip(operated)
  if (command === 'reset') await reset(operated)
  if (command === 'skipSource') await skipSource(operated, aStream(parts, environment))
  if (command === 'import') await importSame(operated, parts.world.reading)
  await operated.scheduleTriggers([{ app, scheduleMinute: true }])
}

/** The id of a source that reads a stream. Files and objects are not given up in this world. */
const aStream = (parts: ApplicationParts, environment: Environment): string => {
  const isWatched = (name = ''): boolean => parts.buckets.has(name) || parts.directories.has(name)
  const { sources } = parts.plan(environment)
  const streams = sources.filter(({ node: { source } }) => !isWatched(source.name))
  return streams.length === 0 ? 'none' : parts.world.random.pick(streams).id
}
