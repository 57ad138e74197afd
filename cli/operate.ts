import { removeStore } from '../lib/adapters/local/remove-store.ts'
import { sqliteItemStore } from '../lib/adapters/local/sqlite-item-store.ts'
import { lockStore } from '../lib/adapters/local/store-lock.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { MillraceError } from '../lib/base/errors.ts'
import { type Operated, type OperatedBatch, resume, skip } from '../lib/runtime/operate.ts'
import { readOverview } from '../lib/runtime/overview.ts'
import { storeOwner } from '../lib/state/store-owner.ts'
import type { Command } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { count } from './reports/people-reporter.ts'
import type { Outputs } from './reports/reporter.ts'
import { statusText } from './status-text.ts'

type StoreCommand = Extract<Command, { name: 'status' | 'resume' | 'skip' | 'reset' }>

/** What a command answers, for programs and for people. */
interface Answer {
  readonly object: object
  readonly text: string
}

/** The commands that work on a store. Gives the exit code. */
export const operate = async (command: StoreCommand, { out }: Outputs): Promise<number> => {
  const { object, text } = await answers[command.name](command)
  out.print(command.json ? `${JSON.stringify(object)}\n` : text)
  return EXIT.ok
}

const answers: Readonly<Record<StoreCommand['name'], (command: StoreCommand) => Promise<Answer>>> = {
  status: async ({ state }) => withStore(state, showStatus),
  resume: async ({ state }) => withStore(state, resumeBatch),
  // A process that runs the batch at this moment would go on to write outputs of what is given up.
  skip: async ({ state }) => withLock(state, () => withStore(state, skipBatch)),
  reset: async (command) => resetStore(command),
}

interface OpenStore extends Operated {
  readonly directory: string
}

const withStore = async (directory: string, act: (opened: OpenStore) => Promise<Answer>): Promise<Answer> => {
  const store = sqliteItemStore({ directory, create: false })
  try {
    const app = await storeOwner(store)
    if (app === undefined)
      throw new MillraceError('STORE_NOT_FOUND', {
        problem: 'No pipeline has run on this store yet',
        value: directory,
        fix: 'run one: millrace run MODULE --state DIR',
      })
    return await act({ directory, store, app, clock: systemClock(), randomness: systemRandomness() })
  } finally {
    store.close()
  }
}

const withLock = async (directory: string, act: () => Promise<Answer>): Promise<Answer> => {
  const lock = lockStore(directory, { create: false })
  try {
    return await act()
  } finally {
    lock.release()
  }
}

const showStatus = async ({ directory, store, app, clock }: OpenStore): Promise<Answer> => {
  const overview = await readOverview(store, app, clock.now())
  return { object: overview, text: statusText(overview, { directory, nowMs: clock.now() }) }
}

const resumeBatch = async (opened: OpenStore): Promise<Answer> => {
  const batch = await resume(opened)
  const text = `${opened.app} may go on: its next run tries the batch at ${batch.timeMs} ms again, from the first attempt on. It had ${failedText(batch)}\n`
  return { object: { done: 'resumed', app: opened.app, ...batch }, text }
}

const skipBatch = async (opened: OpenStore): Promise<Answer> => {
  const batch = await skip(opened)
  const held = batch.held.length === 0 ? 'It held nothing.' : `It held:\n${batch.held.map((line) => `  ${line}`).join('\n')}`
  const text = `${opened.app}: the batch at ${batch.timeMs} ms is given up. It had ${failedText(batch)}\n${held}\nNothing of this is in the totals, and it will not be read again.\n`
  return { object: { done: 'skipped', app: opened.app, ...batch }, text }
}

const failedText = ({ attempts, reason }: OperatedBatch): string => {
  const why = reason === undefined ? ', and the process ended in the middle of it.' : `:\n${reason.message}`
  return `been tried ${count(attempts, 'time')}${why}`
}

const resetStore = async ({ state, yes }: StoreCommand): Promise<Answer> => {
  if (!yes) {
    throw new MillraceError('USAGE', {
      problem: 'millrace reset removes the store and all totals in it',
      value: state,
      allowed: 'with --yes',
      fix: `millrace reset --state ${state} --yes`,
    })
  }
  return withLock(state, async () => {
    const left = removeStore(state)
    const rest = left.length === 0 ? '' : ` Left there, since they are not of the store: ${left.join(', ')}.`
    return { object: { done: 'reset', state, left }, text: `The store in ${state} is removed; the next run begins anew.${rest}\n` }
  })
}
