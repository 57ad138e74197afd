/** What intake combines records with. */
import type { Plan } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { CombinePays, Combiner } from '../intake/lane-blocks.ts'
import { combinedCode } from '../sources/combined-code.ts'
import type { SourceStage, SourceStageParts } from './source-stage.ts'

/** What combiners are made of. */
export interface CombinersParts {
  readonly plan: Plan
  readonly generation: number
  readonly clock: Clock
  /** Called with the first records that are combined: what runs stages is loaded then. */
  readonly open: (parts: SourceStageParts) => Promise<Pick<SourceStage, 'combine'>>
  /** See {@link Combiner}. */
  readonly pays?: CombinePays
}

/** Makes the combiner of a source. Undefined: it has no source stage, or that is in the driver. */
export const sourceCombiners =
  ({ plan, generation, clock, open, pays }: CombinersParts) =>
  (source: string): Combiner | undefined => {
    const code = combinedCode(plan, generation, source)
    if (plan.options.sourceStage === 'driver' || code === undefined) return undefined
    let opened: ReturnType<typeof open> | undefined
    const stage = (): ReturnType<typeof open> => (opened ??= open({ plan, code, source, clock }))
    return { generation, pays, combine: async (request) => (await stage()).combine(request) }
  }
