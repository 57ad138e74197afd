/** A process of its own: imports the module of a pipeline and answers with its plan, on the fourth channel, since the module may print. */
import { writeSync } from 'node:fs'
import { loadPlan } from '../lib/tools/load-pipeline.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import type { SourceDeclaration } from '../lib/dstream/source-declaration.ts'
import type { PlanAnswer, PlanSummary, SourceSummary } from './plan-summary.ts'

const ANSWER_CHANNEL = 3

const summaryOfSource = (id: string, source: SourceDeclaration): SourceSummary => {
  if (source.from === 'queue') return { id, from: 'queue' }
  if (source.from === 'receiver') return { id, from: 'receiver' }
  const { name } = source
  if (source.from === 'text')
    return {
      id,
      from: 'text',
      name,
      literalUri: source.literalUri,
      wholeFiles: source.files.read !== undefined,
    }
  const startFrom =
    source.startFrom === 'trimHorizon' ? source.startFrom : source.startFrom.at.getTime()
  return { id, from: 'kinesis', name, elements: source.elements, startFrom }
}

const summaryOf = ({ name, options, sources, outputs }: Plan): PlanSummary => ({
  name,
  intervalMs: options.intervalMs,
  sources: sources.map(({ id, node }) => summaryOfSource(id, node.source)),
  outputs: outputs.map(({ node: { kind, writesTo } }) =>
    writesTo === undefined ? { kind } : { kind, writesTo },
  ),
})

const answer = async (module: string): Promise<PlanAnswer> => {
  try {
    return { plan: summaryOf(await loadPlan(module)) }
  } catch (error) {
    const { code = 'MODULE_UNREADABLE', message } = error as {
      readonly code?: string
      readonly message: string
    }
    return { error: { code, message } }
  }
}

writeSync(ANSWER_CHANNEL, JSON.stringify(await answer(process.argv[2] ?? '')))
// A module may have left a timer or a connection open.
process.exit(0)
