/**
 * A store directory holds one application: commands that are given only the directory find out
 * which, and no other takes it over.
 */
import { MillraceError } from '../base/errors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { storeOwnerKey } from './item-keys.ts'

/** The application whose store it is; undefined: nobody's yet. */
export const storeOwner = async (store: ItemStore): Promise<string | undefined> =>
  (await store.get(storeOwnerKey()))?.['app'] as string | undefined

/**
 * Makes the store that of an application, for good.
 *
 * @throws MillraceError `PLAN_INCOMPATIBLE` when it is another's.
 */
export const claimStore = async (store: ItemStore, app: string): Promise<void> => {
  const answer = await store.compareAndSet(storeOwnerKey(), 'absent', { app })
  const owner = answer.swapped ? app : answer.current?.['app']
  if (owner === app) return
  throw new MillraceError('PLAN_INCOMPATIBLE', {
    problem: `This store belongs to the pipeline "${String(owner)}", and not to "${app}"`,
    value: app,
    allowed: String(owner),
    fix: 'give each pipeline a directory of its own with --state, or begin anew with millrace reset',
  })
}
