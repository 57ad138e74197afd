import type { Plan } from '../../dstream/plan.ts'
import { sourceStages } from '../../dstream/source-stages.ts'
import type { CombinedCode } from '../../state/combined-blocks.ts'

/** For what blocks of a source count that intake combines. Undefined: it has no source stage. */
export const combinedCode = (
  plan: Plan,
  generation: number,
  source: string,
): CombinedCode | undefined => {
  // What functions add belongs to a batch, and so does what they read. Intake has none.
  if (plan.accumulators !== undefined || plan.broadcasts !== undefined) return undefined
  const stage = sourceStages(plan).get(source)
  if (stage === undefined || 'because' in stage) return undefined
  return { generation, stage: stage.hash, nodes: stage.nodes }
}
