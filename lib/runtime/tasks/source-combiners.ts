/** What intake combines records with. */
import type { Plan } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Combiner } from '../intake/lane-blocks.ts'
import { combinedCode } from '../sources/combined-code.ts'
import type { SourceStage } from './source-stage.ts'

/** What combiners are made of. */
export interface CombinersParts {
  readonly plan: Plan
  readonly generation: number
  readonly clock: Clock
}

/**
 * Makes the combiner of a source. Undefined: the source has no source stage, or it runs in the
 * driver. What runs stages is loaded with the first records that are combined.
 */
export const sourceCombiners =
  ({ plan, generation, clock }: CombinersParts): ((source: string) => Combiner | undefined) =>
  (source) => {
    const code = combinedCode(plan, generation, source)
    if (plan.options.sourceStage === 'driver' || code === undefined) return undefined
    let opened: Promise<SourceStage> | undefined
    const open = async (): Promise<SourceStage> => {
      const loaded = await import('./source-stage.ts')
      return new loaded.SourceStage({ plan, code, source, clock })
    }
    return { generation, combine: async (request) => (await (opened ??= open())).combine(request) }
  }
