/** The resources of all sources and outputs: each kind finds or creates its own. */
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import type { Rule } from './alarm-settings.ts'
import type { Bindings, NamedResources } from './bindable.ts'
import type { Needs } from './bindings.ts'
import type {
  Command,
  DeployedResources,
  KeyUse,
  KindParts,
  Reach,
  SharedResources,
  StoredLocation,
} from './deployed-kind.ts'
import type { Worker } from './functions.ts'
import { bindableTypes } from './kinds.ts'
import { ResourcePool } from './resource-pool.ts'
import { sinkKinds } from './sinks/sink-kind.ts'
import { FED } from './fed-sources.ts'
import { type Connection, sourceKinds } from './sources/source-kind.ts'

/** What all kinds have made for an application. */
export interface DeployedKinds {
  /** The constructs that stand for names of the pipeline. */
  readonly resources: NamedResources
  /** What kinds have created besides. */
  readonly shared: Partial<SharedResources>
  /** The locations of the sources, by the ids of their nodes. */
  readonly sources: Readonly<Record<string, StoredLocation>>
  /** The locations of the outputs, by their names. */
  readonly outputs: Readonly<Record<string, StoredLocation>>
  readonly reaches: readonly Reach[]
  readonly keys: readonly KeyUse[]
  readonly commands: readonly Command[]
  /** Lets all sources call intake. Called once, after all rights were granted. */
  connect(intake: Worker): Connection
}

const mergeLocations = (
  deployed: readonly DeployedResources[],
): Readonly<Record<string, StoredLocation>> =>
  Object.assign({}, ...deployed.map(({ locations }) => locations)) as Record<string, StoredLocation>

/** Two kinds may want one alarm. */
const firstOfEachId = (rules: readonly Rule[]): readonly Rule[] =>
  rules.filter(({ id }, index) => rules.findIndex((rule) => rule.id === id) === index)

/** Kinds of sources come first: what a source asks of a bucket counts if an output uses it too. */
export const deployKinds = (
  needs: Needs,
  bindings: Bindings,
  settings: Omit<KindParts, 'pool'>,
): DeployedKinds => {
  const pool = new ResourcePool(bindings, bindableTypes())
  const parts = { ...settings, pool }
  const sources = sourceKinds().flatMap((kind) => {
    const own = needs.sources.filter((need) => need.kind === kind.name)
    return own.length === 0 ? [] : [kind.deploy(own, parts)]
  })
  const sinks = sinkKinds().flatMap((kind) => {
    const own = needs.outputs.filter((need) => need.kind === kind.name)
    return own.length === 0 ? [] : [kind.deploy(own, parts)]
  })
  const all: readonly DeployedResources[] = [...sources, ...sinks]
  return {
    resources: pool.named(),
    shared: Object.assign({}, ...all.map(({ shared }) => shared)) as Partial<SharedResources>,
    sources: {
      ...Object.fromEntries(needs.fed.map((id) => [id, FED])),
      ...mergeLocations(sources),
    },
    outputs: mergeLocations(sinks),
    reaches: all.flatMap(({ reaches }) => reaches),
    keys: all.flatMap(({ keys }) => keys),
    commands: all.flatMap(({ commands }) => commands),
    connect(intake) {
      const mappings: CfnEventSourceMapping[] = []
      const alarms: Rule[] = []
      const commands: Command[] = []
      let url: Pick<Connection, 'url'> = {}
      for (const connection of sources.map((source) => source.connect(intake))) {
        mappings.push(...connection.mappings)
        alarms.push(...connection.alarms)
        commands.push(...(connection.commands ?? []))
        if (connection.url !== undefined) url = { url: connection.url }
      }
      return { mappings, alarms: firstOfEachId(alarms), commands, ...url }
    },
  }
}
