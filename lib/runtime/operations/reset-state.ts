/**
 * Removes the state of one operator, so that it begins anew: for an operator that is gone, or that
 * stores its state in another way now. All other states, offsets and the logged batch stay.
 *
 * B11: as in a reset, the new manifest names no such state, and no process can commit what it built
 * on the old one. So the old state is deleted by name.
 */
import { type Manifest } from '../../state/manifest.ts'
import { panesId } from '../../state/operator/state-declaration.ts'
import { lastManifest } from '../driver/last-manifest.ts'
import {
  keepingAll,
  type Operated,
  readFreeHead,
  refusal,
  replaceManifest,
  retryWhileChanged,
} from './operated.ts'
import { removeStates, type ResetApp, statesOf } from './reset.ts'

/**
 * Removes the state of the operator with an id, and its panes.
 *
 * @throws MillraceError `COMMAND_REFUSED` when nothing has run, when the store has no such state,
 * or while an attempt holds the lease.
 */
export const resetState = async (
  operated: Operated,
  id: string,
): Promise<Pick<ResetApp, 'states'>> => {
  const head = await readFreeHead(operated)
  const [before] = await retryWhileChanged(operated, head, async () => [
    await lastManifest(operated, head),
  ])
  const isOf = (one: string): boolean => one === id || one === panesId(id)
  const gone = select(before.states, isOf)
  if (Object.keys(gone).length === 0)
    throw refusal(
      'The store has no state of this id',
      id,
      Object.keys(before.states).join(', ') || 'none',
      'see the ids with millrace status',
    )
  const manifest: Manifest = {
    ...before,
    states: select(before.states, (one) => !isOf(one)),
    timers: select(before.timers, (one) => one !== id),
    quietSinceMs: undefined,
    previous: [],
  }
  await replaceManifest(operated, head, manifest, keepingAll(operated, head), undefined)
  await removeStates(operated, before, isOf)
  return { states: statesOf({ states: gone }) }
}

const select = <T>(
  all: Readonly<Record<string, T>>,
  isWanted: (id: string) => boolean,
): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(all).filter(([id]) => isWanted(id)))
