/** An import that changes nothing: whatever it meets, the state must be as it would be without. */
import { codeOf } from '../../base/errors.ts'
import { importState } from '../../runtime/operations/import-state.ts'
import type { Operated } from '../../runtime/operations/operated.ts'
import { knownStates } from '../../runtime/state/known-states.ts'
import type { StateEntry } from '../../runtime/state/state-partition-reader.ts'
import { newestManifest, StateView } from '../../runtime/state/state-view.ts'
import type { Random } from '../random.ts'

/** How long an operator looks at a state at most: several batches long. */
const LOOK_MS = 8_000

/** The keyed states that a manifest names. */
export const keyedIn = (manifest: Parameters<typeof knownStates>[0]): readonly string[] =>
  knownStates(manifest).flatMap(({ id, holds }) => (holds === 'keys' ? [id] : []))

/**
 * An operator writes a state back as it is, unless batches have run meanwhile. So the state must be
 * the same as without.
 */
export const importSame = async (operated: Operated, random: Random): Promise<void> => {
  try {
    const ids = keyedIn((await newestManifest(operated)).manifest)
    if (ids.length === 0) return
    const id = random.pick(ids)
    const view = await StateView.open(operated, id)
    const { timeMs: ifBatchMs, entries } = await view.readAll()
    const same: StateEntry[] = []
    for await (const entry of entries) same.push(entry)
    // People take their time.
    if (random.chance(0.5)) await operated.clock.sleep(random.between(100, LOOK_MS))
    await importState(operated, { id, entries: same, merge: random.chance(0.3), ifBatchMs })
  } catch (error) {
    // There is no keyed state yet, or any more.
    if (codeOf(error, 'INVARIANT_BROKEN') !== 'STATE_UNKNOWN') throw error
  }
}
