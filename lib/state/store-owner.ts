/**
 * A store directory holds one application. So a command that gets only the directory can find the
 * application, and no other application can take over the directory.
 */
import { MillraceError } from '../base/errors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { storeOwnerKey } from './item-keys.ts'

/** The application that owns the store. Undefined: no application owns it yet. */
export const storeOwner = async (store: ItemStore): Promise<string | undefined> =>
  (await store.get(storeOwnerKey()))?.['app'] as string | undefined

/**
 * Makes an application the owner of the store, for ever.
 *
 * @throws MillraceError `PLAN_INCOMPATIBLE` when another application owns it.
 */
export const claimStore = async (store: ItemStore, app: string): Promise<void> => {
  const answer = await store.compareAndSet(storeOwnerKey(), 'absent', { app })
  const owner = answer.swapped ? app : answer.current?.['app']
  if (owner === app) return
  throw new MillraceError('PLAN_INCOMPATIBLE', {
    problem: `This store belongs to the pipeline "${String(owner)}", not to "${app}"`,
    value: app,
    allowed: String(owner),
    fix: 'give each pipeline its own directory with --state, or start again with millrace reset',
  })
}
