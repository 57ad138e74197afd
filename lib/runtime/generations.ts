/**
 * Numbers the deployments of an application. The number of a deployment is its *generation* (B10).
 * It is taken while the deployment runs, by one conditional write, and not when the template is
 * made: so the same code gives the same template, and a roll-back gets a higher number.
 */
import { MillraceError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Item, ItemStore } from '../ports/item-store.ts'
import { HeadStore } from '../state/head.ts'
import { deploymentsKey } from '../state/item-keys.ts'
import { withRetries } from './retry.ts'

/** What is needed to number deployments. */
export interface GenerationParts {
  readonly store: ItemStore
  readonly clock: Clock
  /** The name of the application in the table. */
  readonly app: string
}

/** A deployment that asks for its number. It may ask several times. */
export interface DeploymentRequest {
  /** Tells deployments apart. It is the same when one asks again. */
  readonly id: string
  /** Who deploys. An application in a table belongs to one stack. */
  readonly stack: string
  /** The resource of the stack that asks. */
  readonly resource: string
}

const TRIES_MAX = 16

/**
 * The number of a deployment: higher than those of all deployments that have asked before, and than
 * the generation that runs. A request that comes again gets the same number, unless another one has
 * come in between: then it gets a new one, and nobody waits for that answer any more.
 *
 * @throws MillraceError `STORE_TAKEN` when another stack has deployed the application,
 * `STORE_UNREADABLE`, `STORE_FAILED`.
 */
export const takeGeneration = async (
  { store, clock, app }: GenerationParts,
  { id, stack, resource }: DeploymentRequest,
): Promise<number> => {
  const key = deploymentsKey(app)
  const heads = new HeadStore(store, app)
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const stored = await withRetries(clock, () => store.get(key))
    if (stored?.['request'] === id) return numberIn(stored)
    checkStack(app, stored, stack)
    const head = await withRetries(clock, () => heads.read())
    const generation = Math.max(numberIn(stored), head?.generation ?? 0) + 1
    const seen = stored === undefined ? 'absent' : { ...stored }
    const next = { generation, request: id, stack, resource }
    const answer = await withRetries(clock, () => store.compareAndSet(key, seen, next))
    if (answer.swapped) return generation
    if (answer.current?.['request'] === id) return numberIn(answer.current)
  }
  throw new MillraceError('STORE_FAILED', {
    problem: 'Other deployments of the application take numbers at the same time',
    value: `${TRIES_MAX} tries`,
    fix: 'deploy again',
    retryable: true,
  })
}

const numberIn = (stored: Item | undefined): number => Number(stored?.['generation'] ?? 0)

const checkStack = (app: string, stored: Item | undefined, stack: string): void => {
  const owner = stored?.['stack']
  if (owner === undefined || owner === stack) return
  const { partition, sort } = deploymentsKey(app)
  throw new MillraceError('STORE_TAKEN', {
    problem: `Another stack has deployed "${app}" on this table`,
    value: stack,
    allowed: String(owner),
    fix:
      'use a table of its own, or destroy the other stack first. If that stack is gone, delete ' +
      `the item with the key ${partition}, ${sort}`,
  })
}

/**
 * A stack no longer deploys the application: another one may. The numbers go on. Nothing happens if
 * another resource has taken the application over in the meantime.
 *
 * @throws MillraceError `STORE_FAILED`.
 */
export const releaseApplication = async (
  { store, clock, app }: GenerationParts,
  { id, stack, resource }: DeploymentRequest,
): Promise<void> => {
  const key = deploymentsKey(app)
  const stored = await withRetries(clock, () => store.get(key))
  if (stored?.['stack'] !== stack || stored['resource'] !== resource) return
  const next = { generation: numberIn(stored), request: id }
  await withRetries(clock, () => store.compareAndSet(key, { ...stored }, next))
}
