import type { ItemKey } from '../../../ports/item-store.ts'
import { keptCount } from '../../../state/kept-tasks.ts'
import type { Head } from '../../../state/head.ts'
import type { Environment } from '../environment.ts'
import { isKeptTask } from './garbage-checker.ts'
import type { Violations } from './violations.ts'

/**
 * A batch that is handed on: only the holder of the lease keeps tasks, of its own deployment, and
 * only if there are more than before, or more outputs are done (B9).
 */
export const checkHandedOn = (
  violations: Violations,
  { before, after, environment }: { before: Head; after: Head; environment: Environment },
  isHolder: boolean,
): void => {
  const { kept, handedOn = 0, outputsDone = [] } = after.logged ?? {}
  const was = before.logged
  if (kept === undefined || handedOn <= (was?.handedOn ?? 0)) return
  const { name, generation } = environment
  violations.expect('B5', isHolder, () => `${name} hands on a batch that another process has`)
  violations.expect(
    'B10',
    kept.generation === generation && kept.plan === after.plan,
    () => `${name} keeps tasks of the generation ${kept.generation}`,
  )
  const tasksBefore = was?.kept?.generation === generation ? keptCount(was.kept.stages) : 0
  violations.expect(
    'B9',
    keptCount(kept.stages) > tasksBefore || outputsDone.length > (was?.outputsDone?.length ?? 0),
    () => `${name} hands on ${keptCount(kept.stages)} tasks, and ${tasksBefore} were kept before`,
  )
}

/** Whoever takes tasks that were kept is of the deployment that has computed them (B10). */
export const checkKeptRead = (
  violations: Violations,
  head: Head | undefined,
  { key, environment }: { readonly key: ItemKey; readonly environment: Environment },
): void => {
  const kept = head?.logged?.kept
  const isNamed = kept?.stages.some(({ ref: [at, by] }) => key.sort.startsWith(`${at}#${by}#`))
  violations.expect(
    'B10',
    isNamed !== true || !isKeptTask(key) || kept?.generation === environment.generation,
    () => `${environment.name} takes tasks that the generation ${kept?.generation} has kept`,
  )
}
