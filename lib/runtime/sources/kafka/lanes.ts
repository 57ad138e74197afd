/**
 * The names of partitions as lanes.
 *
 *   orders@0/6f9619ff-8b86-d011-b42d-00cf4fc964ff-3
 *   topic  |  id of the topic, or of the cluster    partition
 *          life
 *
 * A topic that is deleted and created again counts from the beginning, and so does a partition that
 * has lost its end. In the old lane, its records would look redelivered. So they go into a lane of
 * the next life. Names hold none of the characters between the parts.
 */
import { greatestOf, leastOf } from '../../../base/extremes.ts'

/** What a lane is named after. */
export interface PartitionName {
  readonly topic: string
  readonly life: number
  /** Tells topics of one name apart. */
  readonly id: string
  readonly partition: number
}

/** The lane of a partition. The number at its end spreads lanes over the table. */
export const laneOf = ({ topic, life, id, partition }: PartitionName): string =>
  `${topic}@${life}/${id}-${partition}`

/** The partition of a lane. Undefined: the lane is of another kind, such as one of a redrive. */
export const partitionOf = (lane: string): PartitionName | undefined => {
  const [, topic, life, id, partition] = /^([\w.-]+)@(\d+)\/(.+)-(\d+)$/.exec(lane) ?? []
  return topic === undefined || id === undefined
    ? undefined
    : { topic, life: Number(life), id, partition: Number(partition) }
}

const isEarlier = (one: PartitionName, than: PartitionName): boolean =>
  one.topic === than.topic &&
  one.life < than.life &&
  (one.id !== than.id || one.partition === than.partition)

/**
 * For each lane, those that are read to their end before it: the same partition in an earlier life,
 * and all partitions of a topic that was replaced. A key may have been in any of these.
 */
export const earlierLives = (lanes: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const known = lanes.flatMap((lane) => {
    const name = partitionOf(lane)
    return name === undefined ? [] : [{ lane, ...name }]
  })
  const earlier = new Map<string, readonly string[]>()
  for (const ofTopic of Map.groupBy(known, ({ topic }) => topic).values()) {
    // There may be thousands of partitions, and nearly always they have one life.
    if (new Set(ofTopic.map(({ life }) => life)).size === 1) continue
    for (const one of ofTopic) {
      const before = ofTopic.filter((other) => isEarlier(other, one)).map(({ lane }) => lane)
      if (before.length > 0) earlier.set(one.lane, before)
    }
  }
  return earlier
}

/**
 * The life of a partition: the last one that the lanes know. A new topic begins after all lives of
 * the topics that had its name before.
 */
export const lifeOf = (
  { topic, id, partition }: Omit<PartitionName, 'life'>,
  lanes: readonly string[],
): number => {
  const known = lanes
    .flatMap((lane) => partitionOf(lane) ?? [])
    .filter((name) => name.topic === topic)
  const ofTopic = known.filter((name) => name.id === id)
  const own = ofTopic.filter((name) => name.partition === partition)
  if (own.length > 0) return greatestOf(own.map(({ life }) => life))
  if (ofTopic.length > 0) return leastOf(ofTopic.map(({ life }) => life))
  return greatestOf([-1, ...known.map(({ life }) => life)]) + 1
}
