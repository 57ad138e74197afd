import { removeStore } from '../lib/adapters/local/remove-store.ts'
import { MillraceError } from '../lib/base/errors.ts'
import { oneLine } from '../lib/base/printable.ts'
import type { OperatedBatch } from '../lib/runtime/operations/operated.ts'
import { reset } from '../lib/runtime/operations/reset.ts'
import { resume } from '../lib/runtime/operations/resume.ts'
import { skip, type SkippedBatch } from '../lib/runtime/operations/skip.ts'
import { readOverview } from '../lib/runtime/operations/status.ts'
import type { AppCommand, Target } from './arguments.ts'
import { callDriver } from './call-driver.ts'
import { listDeadLetters } from './dead-letters.ts'
import { EXIT } from './exit-codes.ts'
import type { OpenApp } from './open-app.ts'
import { openDeployed } from './open-deployed.ts'
import { withLocal, withLock } from './open-local.ts'
import { redriveDeadLetters } from './redrive.ts'
import { type Answer, count, say } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'
import { statusText } from './status-text.ts'

/** Carries out a command on an application that has run before. Returns the exit code. */
export const operate = async (command: AppCommand, outputs: Outputs): Promise<number> => {
  await carryOut(command, outputs)
  return EXIT.ok
}

const carryOut = async (command: AppCommand, outputs: Outputs): Promise<void> => {
  const { target } = command
  const answer = (given: Answer): void => say(given, command.json, outputs)
  switch (command.name) {
    case 'status':
      return withApp(target, async (opened) => answer(await showStatus(opened)))
    case 'resume':
      return withApp(target, async (opened) => answer(await resumeBatch(opened)))
    case 'skip':
      // Otherwise a process that is running the batch would still write outputs of the skipped
      // batch.
      return withStopped(target, () =>
        withApp(target, async (opened) => answer(await skipBatch(opened))),
      )
    case 'reset':
      checkYes(target, command.yes)
      return answer(
        'state' in target
          ? await resetStore(target.state)
          : await resetApp(await openDeployed(target.app)),
      )
    case 'dead-letters':
      return withApp(target, (opened) => listDeadLetters(opened, command, outputs))
    default:
      return withApp(target, async (opened) => answer(await redriveDeadLetters(opened, command)))
  }
}

const withApp = async (target: Target, act: (opened: OpenApp) => Promise<void>): Promise<void> =>
  'state' in target ? withLocal(target.state, act) : act(await openDeployed(target.app))

/**
 * Calls `act` while the application is stopped. On this machine a lock makes sure of that. For a
 * deployed application the operation itself checks the lease in the head.
 */
const withStopped = async (target: Target, act: () => Promise<void>): Promise<void> =>
  'state' in target ? withLock(target.state, act) : act()

const showStatus = async ({
  location,
  target,
  store,
  app,
  clock,
  deployed,
}: OpenApp): Promise<Answer> => {
  const overview = await readOverview(store, app, clock.now())
  const { scheduleTriggers: _scheduleTriggers, ...deployment } = deployed ?? {
    scheduleTriggers: undefined,
  }
  return {
    object: { ...overview, ...(deployed === undefined ? {} : { deployment }) },
    text: statusText(overview, { location, target, nowMs: clock.now(), deployed }),
  }
}

const resumeBatch = async (opened: OpenApp): Promise<Answer> => {
  const batch = await resume(opened)
  const called = await callDriver(opened)
  const text =
    `${opened.app} is resumed: the next run tries the batch at ${batch.timeMs} ms again, and ` +
    `counts its attempts from 1.\n${failedText(batch)}\n`
  return {
    object: { done: 'resumed', app: opened.app, ...batch, ...called.object },
    text: text + called.note,
  }
}

const skipBatch = async (opened: OpenApp): Promise<Answer> => {
  const batch = await skip(opened)
  const called = await callDriver(opened)
  return {
    object: { done: 'skipped', app: opened.app, ...batch, ...called.object },
    text: skippedText(opened.app, batch) + called.note,
  }
}

const skippedText = (app: string, batch: SkippedBatch): string => {
  const held =
    batch.held.length === 0
      ? 'The batch held nothing.'
      : `The batch held:\n${batch.held.map((line) => `  ${oneLine(line)}`).join('\n')}`
  return (
    `${app}: the batch at ${batch.timeMs} ms is skipped.\n${failedText(batch)}\n` +
    `${held}\n` +
    'None of this is in the totals, and none of it will be read again.\n'
  )
}

const failedText = ({ attempts, reason }: OperatedBatch): string => {
  const why =
    reason === undefined
      ? 'The process ended during the last attempt.'
      : `The last error:\n${reason.message}`
  return `The batch was tried ${count(attempts, 'time')}. ${why}`
}

const checkYes = (target: Target, yes: boolean): void => {
  if (yes) return
  const option = 'state' in target ? `--state ${target.state}` : `--app ${target.app}`
  throw new MillraceError('USAGE', {
    problem:
      'state' in target
        ? 'millrace reset removes the store and all totals in it'
        : 'millrace reset removes all totals, and cannot be undone',
    value: 'state' in target ? target.state : target.app,
    allowed: 'only with --yes',
    fix: `millrace reset ${option} --yes`,
  })
}

const resetStore = async (state: string): Promise<Answer> =>
  withLock(state, async () => {
    const left = removeStore(state)
    const rest =
      left.length === 0
        ? ''
        : ` These files do not belong to the store and stay there: ${left.map(oneLine).join(', ')}.`
    return {
      object: { done: 'reset', state, left },
      text: `The store in ${state} is removed. The next run starts from nothing.${rest}\n`,
    }
  })

const resetApp = async (opened: OpenApp): Promise<Answer> => {
  const done = await reset(opened)
  const called = await callDriver(opened)
  const states = done.states.map(({ id, bytes }) => `${id} (${count(bytes, 'byte')})`)
  const removed =
    states.length === 0 ? 'it had no state' : `the state of ${states.join(', ')} is removed`
  const lines = [
    `${opened.app} starts from nothing: ${removed}.`,
    'Records that no batch had taken yet are still there, and count from now on. Records that ' +
      'batches had taken are not read again: send them again to count them.',
    'Dead letters, the history and all outputs stay as they are.',
    '',
  ]
  const skipped = done.skipped === undefined ? '' : skippedText(opened.app, done.skipped)
  return {
    object: { done: 'reset', app: opened.app, ...done, ...called.object },
    text: `${skipped}${lines.join('\n')}${called.note}`,
  }
}
