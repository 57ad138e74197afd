import { removeStore } from '../lib/adapters/local/remove-store.ts'
import { MillraceError } from '../lib/base/errors.ts'
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
import { redriveLetters } from './redrive.ts'
import { type Answer, count, say } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'
import { statusText } from './status-text.ts'

/** The commands that work on an application that there is. Gives the exit code. */
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
      // On this machine a process that runs the batch at this moment would go on to write outputs
      // of what is given up.
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
      return withApp(target, async (opened) => answer(await redriveLetters(opened, command)))
  }
}

const withApp = async (target: Target, act: (opened: OpenApp) => Promise<void>): Promise<void> =>
  'state' in target ? withLocal(target.state, act) : act(await openDeployed(target.app))

/**
 * A lock on this machine; for a deployed application the lease in the head says whether it stands
 * still.
 */
const withStopped = async (target: Target, act: () => Promise<void>): Promise<void> =>
  'state' in target ? withLock(target.state, act) : act()

const showStatus = async ({
  place,
  target,
  store,
  app,
  clock,
  deployed,
}: OpenApp): Promise<Answer> => {
  const overview = await readOverview(store, app, clock.now())
  const { scheduleTriggers: _wind, ...deployment } = deployed ?? { scheduleTriggers: undefined }
  return {
    object: { ...overview, ...(deployed === undefined ? {} : { deployment }) },
    text: statusText(overview, { place, target, nowMs: clock.now(), deployed }),
  }
}

const resumeBatch = async (opened: OpenApp): Promise<Answer> => {
  const batch = await resume(opened)
  const called = await callDriver(opened)
  const text = `${opened.app} may go on: its next run tries the batch at ${batch.timeMs} ms again, from the first attempt on. It had ${failedText(batch)}\n`
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
      ? 'It held nothing.'
      : `It held:\n${batch.held.map((line) => `  ${line}`).join('\n')}`
  return (
    `${app}: the batch at ${batch.timeMs} ms is given up. It had ${failedText(batch)}\n` +
    `${held}\n` +
    'Nothing of this is in the totals, and it will not be read again.\n'
  )
}

const failedText = ({ attempts, reason }: OperatedBatch): string => {
  const why =
    reason === undefined ? ', and the process ended in the middle of it.' : `:\n${reason.message}`
  return `been tried ${count(attempts, 'time')}${why}`
}

const checkYes = (target: Target, yes: boolean): void => {
  if (yes) return
  const option = 'state' in target ? `--state ${target.state}` : `--app ${target.app}`
  throw new MillraceError('USAGE', {
    problem:
      'state' in target
        ? 'millrace reset removes the store and all totals in it'
        : 'millrace reset removes all totals, and they cannot be had again',
    value: 'state' in target ? target.state : target.app,
    allowed: 'with --yes',
    fix: `millrace reset ${option} --yes`,
  })
}

const resetStore = async (state: string): Promise<Answer> =>
  withLock(state, async () => {
    const left = removeStore(state)
    const rest =
      left.length === 0 ? '' : ` Left there, since they are not of the store: ${left.join(', ')}.`
    return {
      object: { done: 'reset', state, left },
      text: `The store in ${state} is removed; the next run begins anew.${rest}\n`,
    }
  })

const resetApp = async (opened: OpenApp): Promise<Answer> => {
  const done = await reset(opened)
  const called = await callDriver(opened)
  const states = done.states.map(({ id, bytes }) => `${id} (${count(bytes, 'byte')})`)
  const lines = [
    `${opened.app} begins anew: ` +
      `${states.length === 0 ? 'it had no state' : `the state of ${states.join(', ')} is gone`}.`,
    'What no batch had taken yet is still there, and counts from now on. What batches had ' +
      'taken is not read again: send it again to count it.',
    'Dead letters, the history and all that outputs have written stay as they are.',
    '',
  ]
  const skipped = done.skipped === undefined ? '' : skippedText(opened.app, done.skipped)
  return {
    object: { done: 'reset', app: opened.app, ...done, ...called.object },
    text: `${skipped}${lines.join('\n')}${called.note}`,
  }
}
