import { removeStore } from '../lib/adapters/local/remove-store.ts'
import { MillraceError } from '../lib/base/errors.ts'
import { oneLine } from '../lib/base/printable.ts'
import type { OperatedBatch } from '../lib/runtime/operations/operated.ts'
import { reset, type ResetApp } from '../lib/runtime/operations/reset.ts'
import { resetState } from '../lib/runtime/operations/reset-state.ts'
import { resume } from '../lib/runtime/operations/resume.ts'
import { skip, type SkippedBatch } from '../lib/runtime/operations/skip.ts'
import { skipSource } from '../lib/runtime/operations/skip-source.ts'
import { readOverview } from '../lib/runtime/operations/status.ts'
import { batches } from './batches.ts'
import { callDriver } from './call-driver.ts'
import { checkPlan, checkWithoutStore } from './check.ts'
import { cost } from './cost.ts'
import { deadLetters } from './dead-letters.ts'
import { doctor } from './doctor.ts'
import { EXIT } from './exit-codes.ts'
import type { OpenApp } from './open-app.ts'
import { openDeployed } from './open-deployed.ts'
import { withLocal, withLock } from './open-local.ts'
import { redriveDeadLetters } from './redrive.ts'
import { count } from '../lib/base/amount-text.ts'
import { type Answer, say } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'
import { keyedStates } from './state.ts'
import { statusStyle, statusText } from './status-text.ts'
import type { AppCommand, Target } from './arguments.ts'

/** Carries out a command on an application that has run before. Returns the exit code. */
export const operate = async (command: AppCommand, outputs: Outputs): Promise<number> => {
  const exitCode = await carryOut(command, outputs)
  return exitCode ?? EXIT.ok
}

/** Undefined: success. */
const carryOut = async (command: AppCommand, outputs: Outputs): Promise<number | void> => {
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
        withApp(target, async (opened) =>
          answer(
            command.source === undefined
              ? await skipBatch(opened)
              : await giveUpSource(opened, command.source),
          ),
        ),
      )
    case 'check':
      return checkTarget(command, outputs)
    case 'reset':
      checkYes(command)
      if (command.only !== undefined) return resetOne(target, command.only, answer)
      return answer(
        'state' in target
          ? await resetStore(target.state)
          : await resetApp(await openDeployed(target.app)),
      )
    case 'state':
      return withStateOf(command, (opened) => keyedStates(opened, command, outputs))
    case 'batches':
      return withApp(target, (opened) =>
        batches(opened, command.batches, { json: command.json, outputs }),
      )
    case 'cost':
      return withApp(target, async (opened) => answer(await cost(opened, command.since)))
    case 'doctor':
      return withApp(target, async (opened) =>
        answer(await doctor(opened, command, outputs.columns)),
      )
    case 'dead-letters':
      return withApp(target, (opened) => deadLetters(opened, command, outputs))
    default:
      return withApp(target, async (opened) => answer(await redriveDeadLetters(opened, command)))
  }
}

/** An import would be overwritten by a process that runs. All other commands only read. */
const withStateOf = async <T>(
  { target, does }: Extract<AppCommand, { readonly name: 'state' }>,
  act: (opened: OpenApp) => Promise<T>,
): Promise<T> =>
  does.action === 'import' ? withStopped(target, () => withApp(target, act)) : withApp(target, act)

const withApp = async <T>(target: Target, act: (opened: OpenApp) => Promise<T>): Promise<T> =>
  'state' in target ? withLocal(target.state, act) : act(await openDeployed(target.app))

/** Before the first run or deployment there is nothing that a plan could not go on with. */
const checkTarget = async (
  command: Extract<AppCommand, { readonly name: 'check' }>,
  outputs: Outputs,
): Promise<number> => {
  try {
    return await withApp(command.target, (opened) => checkPlan(opened, command, outputs))
  } catch (error) {
    if (!(error instanceof MillraceError && error.code === 'STORE_NOT_FOUND')) throw error
    return checkWithoutStore(command, error, outputs)
  }
}

/**
 * Calls `act` while the application is stopped. On this machine a lock makes sure of that. For a
 * deployed application the operation itself checks the lease in the head.
 */
const withStopped = async <T>(target: Target, act: () => Promise<T>): Promise<T> =>
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
    styleOf: statusStyle,
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

const giveUpSource = async (opened: OpenApp, source: string): Promise<Answer> => {
  const skipped = await skipSource(opened, source)
  const called = await callDriver(opened)
  const { records, held } = skipped
  const text = [
    `${opened.app}: the source ${source} is given up.`,
    ...(records === 0
      ? ['Nothing waited.']
      : ['These will be in no total:', ...held.map((line) => `  ${line}`)]),
    'If the pipeline has a source of this id again, it goes on with what arrives from now on.',
    '',
  ]
  return {
    object: { done: 'skipped', app: opened.app, ...skipped, ...called.object },
    text: text.join('\n') + called.note,
  }
}

const failedText = ({ attempts, reason }: OperatedBatch): string => {
  const why =
    reason === undefined
      ? 'The process ended during the last attempt.'
      : `The last error:\n${reason.message}`
  return `The batch was tried ${count(attempts, 'time')}. ${why}`
}

const checkYes = ({ target, yes, only }: Extract<AppCommand, { name: 'reset' }>): void => {
  if (yes) return
  const where = 'state' in target ? `--state ${target.state}` : `--app ${target.app}`
  const option = only === undefined ? where : `${where} --only ${only}`
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

const resetOne = async (
  target: Target,
  id: string,
  answer: (given: Answer) => void,
): Promise<void> =>
  withStopped(target, () =>
    withApp(target, async (opened) => {
      const { states } = await resetState(opened, id)
      const called = await callDriver(opened)
      answer({
        object: { done: 'reset', app: opened.app, states, ...called.object },
        text: `${opened.app}: ${removedText(states)}. All else stays.\n${called.note}`,
      })
    }),
  )

const removedText = (states: ResetApp['states']): string =>
  states.length === 0
    ? 'it had no state'
    : `the state of ${states.map(sizeText).join(', ')} is removed`

const sizeText = ({ id, bytes }: ResetApp['states'][number]): string =>
  `${id} (${count(bytes, 'byte')})`

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
  const lines = [
    `${opened.app} starts from nothing: ${removedText(done.states)}.`,
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
