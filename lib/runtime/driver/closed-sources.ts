/**
 * Sources leave in the order of B12: write first, then read. A driver that adopts a plan without a
 * source, and intake that takes records of it, each see the other:
 *
 *   driver:  head := without the source   then  read its lanes   anything there: plan refused
 *   intake:  append                       then  read the head    not there: not acknowledged
 *
 * Each write of the head here counts the epoch on. So no other process writes over it what it saw
 * before, and an adoption after it knows that the sources were closed all the time.
 */
import type { Plan } from '../../dstream/plan.ts'
import type { Head, HeadStore } from '../../state/head.ts'
import type { Runner } from '../runner.ts'

/** The ids of the sources of a plan. */
export const sourceIds = ({ sources }: Plan): readonly string[] => sources.map(({ id }) => id)

/**
 * Closes the sources that the plan does not have: intake acknowledges no more records of them. The
 * same head: there are none. Undefined: the head has changed.
 */
export const closeSources = async (
  { heads, plan }: Pick<Runner, 'heads' | 'plan'>,
  head: Head,
): Promise<Head | undefined> => {
  const kept = new Set(sourceIds(plan))
  const sources = head.sources.filter((id) => kept.has(id))
  return sources.length === head.sources.length ? head : writeSources(heads, head, sources)
}

/**
 * Opens sources that an adoption has closed and that did not happen. The same head: they are open.
 * Undefined: the head has changed.
 */
export const openSources = async (
  heads: HeadStore,
  head: Head,
  sources: readonly string[],
): Promise<Head | undefined> =>
  sources.every((id) => head.sources.includes(id)) ? head : writeSources(heads, head, sources)

const writeSources = async (
  heads: HeadStore,
  head: Head,
  sources: readonly string[],
): Promise<Head | undefined> => {
  const next: Head = { ...head, epoch: head.epoch + 1, sources }
  const answer = await heads.swap(
    head,
    ['epoch', 'doneMs', 'generation', 'status', 'owner', 'leaseEndMs', 'logged'],
    next,
  )
  return answer.swapped ? next : undefined
}
