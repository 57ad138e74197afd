/** From a feed to the lanes of its source. */
import type { ItemStore } from '../../ports/item-store.ts'
import { readLanes } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'
import type { LaneSink } from '../sources/lane-feed.ts'
import { appendUntilStored, type SupervisorParts } from './append-until-stored.ts'

/** What a supervisor of a feed needs. */
export interface FeedSupervisorParts extends SupervisorParts {
  readonly store: ItemStore
  readonly app: string
}

/** The sink of a feed. */
export const superviseFeed = (parts: FeedSupervisorParts): LaneSink => {
  const { store, app, source, clock, listen } = parts
  return {
    lanes: () => withRetries(clock, () => readLanes(store, app, source)),
    store: (delivery) => appendUntilStored(parts, { ...delivery, canComeAgain: true }),
    report: (message) => listen({ event: 'receiver', source, message }),
  }
}
