/**
 * Whether another process can compute the partitions of an RDD.
 *
 * `unread`: yes. Their records are still in their source, and only narrow operators follow. So a
 * process with the same plan can begin where the source is read.
 * `read`: their records are in the memory of this process, because the input is small. Another
 * process could read them as well.
 * `computed`: no. They were computed in this process, or it keeps them for several uses.
 */
export type Elsewhere = 'unread' | 'read' | 'computed'

/** Of an RDD that is made of others: if one part must be here, all of it must. */
export const elsewhereOf = (parts: readonly Elsewhere[]): Elsewhere =>
  (['computed', 'unread'] as const).find((one) => parts.includes(one)) ?? 'read'
