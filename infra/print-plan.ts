/**
 * A process of its own, which imports the module of a pipeline and answers with its plan. The
 * answer goes to a channel of its own, since the module may print.
 */
import { writeSync } from 'node:fs'
import { nativePackages } from '../lib/base/native-packages.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import type { OutputNode } from '../lib/dstream/plan-node.ts'
import type { SourceDeclaration } from '../lib/dstream/sources/declaration.ts'
import { loadPlan } from '../lib/tools/load-pipeline.ts'
import type { OutputSummary, PlanAnswer, PlanSummary, SourceSummary } from './plan-summary.ts'

const ANSWER_CHANNEL = 3

const summariseSource = (
  id: string,
  { kind, name, elements, literal, settings }: SourceDeclaration,
): SourceSummary => ({
  id,
  kind,
  elements,
  ...(name === undefined ? {} : { name }),
  ...(literal === undefined ? {} : { literal }),
  ...(settings === undefined ? {} : { settings }),
})

const summariseOutput = ({ kind, writesTo, placeAt }: OutputNode): OutputSummary => ({
  kind,
  ...(writesTo === undefined ? {} : { writesTo }),
  ...(placeAt === undefined ? {} : { firstPlace: placeAt(0) }),
})

const summarise = ({
  name,
  options,
  sources,
  outputs,
  states,
  accumulators,
}: Plan): PlanSummary => ({
  name,
  intervalMs: options.intervalMs,
  parallelism: options.parallelism ?? 1,
  sources: sources.map(({ id, node }) => summariseSource(id, node.source)),
  outputs: outputs.map(({ node }) => summariseOutput(node)),
  packages: nativePackages(),
  states: states.filter(({ form }) => form === 'state').map(({ id }) => id),
  accumulators: accumulators?.numeric ?? [],
})

const answer = async (module: string): Promise<PlanAnswer> => {
  try {
    return { plan: summarise(await loadPlan(module)) }
  } catch (error) {
    const { code = 'MODULE_UNREADABLE', message } = error as {
      readonly code?: string
      readonly message: string
    }
    return { error: { code, message } }
  }
}

writeSync(ANSWER_CHANNEL, JSON.stringify(await answer(process.argv[2] ?? '')))
// The module may have left a timer or a connection open.
process.exit(0)
