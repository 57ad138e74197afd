import { MillraceError } from '../lib/base/errors.ts'
import type { Plan, Planned } from '../lib/dstream/plan.ts'
import type { SourceNode } from '../lib/dstream/plan-node.ts'
import { shardReplay } from '../lib/runtime/sources/kinesis/replay.ts'
import type { SourceReader } from '../lib/runtime/sources/source-reader.ts'
import { objectsReader } from '../lib/runtime/sources/objects/reader.ts'
import { lanesReader } from '../lib/runtime/sources/lanes/reader.ts'
import type { Environment, SourceBinding } from './environment.ts'
import type { Log } from './log.ts'
import type { FunctionPorts } from './ports.ts'
import { elementsOf } from './targets.ts'

/** What the sources of a plan are made with. */
export interface SourceParts {
  readonly plan: Plan
  readonly bindings: Environment['sources']
  readonly ports: FunctionPorts
  readonly report: Log
}

/** How the driver gets the records of each source, by its id: each reads what it is bound to, whatever the pipeline calls it. */
export const batchSources = async (
  parts: SourceParts,
): Promise<ReadonlyMap<string, SourceReader>> => {
  const sources = new Map<string, SourceReader>()
  for (const planned of parts.plan.sources)
    sources.set(planned.id, await sourceOf(planned, parts.bindings.get(planned.id), parts))
  return sources
}

const sourceOf = async (
  { id, node }: Planned<SourceNode>,
  binding: SourceBinding | undefined,
  { plan, ports, report }: SourceParts,
): Promise<SourceReader> => {
  const place = { store: ports.store, app: plan.name, source: id }
  if (binding?.kind === 'kinesis') {
    const replay = shardReplay({ elements: elementsOf(node.source), open: ports.streamReader })
    return lanesReader({ ...place, recovery: { replay, report } }) as SourceReader
  }
  if (binding?.kind === 'objects' && 'files' in node.source) {
    const objects = await ports.objectsIn(binding.bucket)
    const { prefix } = binding
    return objectsReader({
      ...place,
      objects,
      prefix,
      onOverwrite: 'new',
      ...node.source.files,
      report,
    }) as SourceReader
  }
  throw new MillraceError('BINDING_MISSING', {
    problem: `The source ${id} (${node.kind}) is bound to nothing that this function can read`,
    value: binding ?? 'nothing',
    allowed: 'a stream or a bucket',
    fix: 'give the construct StreamingApp a binding for it, and deploy again',
  })
}
