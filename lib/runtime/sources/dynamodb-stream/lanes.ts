/**
 * The names of shards as lanes.
 *
 *   orders@2026-11-30T07:00:00.000/shardId-00000001
 *   table  label of the stream     shard
 *
 * A stream that is switched off and on again has another label, and other shards.
 */

/** What a lane is named after. */
export interface TableShardName {
  readonly table: string
  readonly label: string
  readonly shardId: string
}

/** The lane of a shard. */
export const laneOf = ({ table, label, shardId }: TableShardName): string =>
  `${table}@${label}/${shardId}`

/** The stream of a table keeps changes for a day. */
const KEPT_MS = 86_400_000

/** How long the stream of a lane keeps its changes. Undefined: it is no lane of a table. */
export const keptMsOf = (lane: string): number | undefined =>
  lifeOf(lane) === undefined ? undefined : KEPT_MS

const lifeOf = (lane: string): readonly [table: string, label: string] | undefined => {
  const [, table, label] = /^([\w.-]+)@([^/]+)\/[^/]+$/.exec(lane) ?? []
  return table === undefined || label === undefined ? undefined : [table, label]
}

/** For each lane, those of earlier streams of its table, which are read before it. */
export const earlierStreams = (
  lanes: readonly string[],
): ReadonlyMap<string, readonly string[]> => {
  const known = lanes.flatMap((lane) => {
    const life = lifeOf(lane)
    return life === undefined ? [] : [{ lane, table: life[0], label: life[1] }]
  })
  const earlier = new Map<string, readonly string[]>()
  for (const ofTable of Map.groupBy(known, ({ table }) => table).values()) {
    // Nearly always there is one.
    if (new Set(ofTable.map(({ label }) => label)).size === 1) continue
    for (const one of ofTable) {
      const before = ofTable.filter(({ label }) => label < one.label).map(({ lane }) => lane)
      if (before.length > 0) earlier.set(one.lane, before)
    }
  }
  return earlier
}
