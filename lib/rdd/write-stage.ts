/** Write stages: the parts of an output, each written as soon as it is computed. */
import { allOrFirstError } from '../base/concurrency.ts'
import { groupsOf } from './groups.ts'
import { unknownSize } from './lineage.ts'
import type { StageOf } from './result-stage.ts'
import { NO_TASKS } from './tasks.ts'
import type { PartsTarget } from './write-target.ts'

/** A part that is ready to be written. */
export interface EncodedPart {
  /** Number of its elements. */
  readonly count: number
  readonly content: Uint8Array
}

/** What a task says of a part. */
interface PackedPart {
  readonly index: number
  /** Left out: the part has no element, and was left for the end. */
  readonly written?: unknown
}

/** What is written. */
export interface WriteStageParts {
  readonly target: PartsTarget
  readonly encoded: (index: number, until?: number) => Promise<EncodedPart>
  /** Whether parts without elements are written only if another part has some. */
  readonly skipEmpty: boolean
}

/** Writes all parts, and returns whether anything was written. Small neighbours are one task. */
export const runWriteStage = async (
  { label: node, partitionCount, context, sizeOf = unknownSize, elsewhere }: StageOf,
  { target, encoded, skipEmpty }: WriteStageParts,
): Promise<boolean> => {
  const { tasks = NO_TASKS, taskBytes } = context
  const groups = groupsOf(partitionCount, sizeOf, taskBytes)
  const empty: number[] = []
  const isLeft = ({ count }: EncodedPart): boolean => skipEmpty && count === 0
  const packed = async (index: number, part: EncodedPart): Promise<PackedPart> =>
    isLeft(part) ? { index } : { index, written: await target.pack(index, part.content) }
  await tasks.runStage({
    node,
    side: 'write',
    number: tasks.nextStage(node, 'write'),
    count: groups.length,
    elsewhere,
    isHere: target.isHere,
    ready: () => target.room(),
    admit: () => target.admit(),
    here: async (task) => {
      for (const [place, index] of (groups[task] ?? []).entries()) {
        if (place > 0) await target.room()
        const part = await encoded(index)
        if (isLeft(part)) empty.push(index)
        else target.add(index, part.content)
      }
    },
    pack: async (task) => {
      const group = groups[task] ?? []
      const writing: Promise<PackedPart>[] = []
      try {
        for (const index of group) {
          const one = packed(index, await encoded(index, group.at(-1)))
          // Whoever waits for all of them gets the error.
          one.catch(() => undefined)
          writing.push(one)
        }
      } finally {
        // No call outlives its task: the process may be frozen then.
        await Promise.allSettled(writing)
      }
      return allOrFirstError(writing)
    },
    take: async (parts) => {
      for (const { index, written } of parts as readonly PackedPart[])
        if (written === undefined) empty.push(index)
        else await target.take(index, written)
    },
  })
  if (skipEmpty && empty.length === partitionCount) return false
  for (const index of empty) target.add(index, target.encode([]))
  return true
}
