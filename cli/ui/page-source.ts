import type { Plan } from '../../lib/dstream/plan.ts'
import type { Standing } from '../../lib/runtime/operations/bill.ts'
import type { Clock } from '../../lib/ports/clock.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'

/** What a page shows: an application in a store. The page only reads. */
export interface PageSource {
  readonly app: string
  readonly store: ItemStore
  readonly clock: Clock
  /** Where the application is, for people. */
  readonly where: string
  /** `run`: this process runs it. `stored`: another one may. `deployed`: functions run it. */
  readonly how: 'run' | 'stored' | 'deployed'
  /** The option of commands that names the application. */
  readonly target: string
  /** Undefined: nobody has given the module. */
  readonly plan: Plan | undefined
  /** Undefined: it is worked out from the batches. */
  readonly intervalMs: number | undefined
  /** What a deployed application has whether records come or not. */
  readonly standing?: Standing | undefined
}
