/**
 * The plan of a replay: its outputs are caught, and nothing is written. What is computed stays the
 * same, and so does the hash.
 */
import { isMillraceError } from '../../base/errors.ts'
import type { Format } from '../../formats/format.ts'
import type { OutputNode, OutputView } from '../../dstream/plan-node.ts'
import type { Plan, Planned } from '../../dstream/plan.ts'
import type { WritePartitions, WriteTarget } from '../../rdd/write-target.ts'
import type { RDD } from '../../rdd/rdd.ts'

/** Files that an output would have written in a batch. */
export interface CaughtFiles {
  /** The place of the batch, as the pipeline writes it. */
  readonly place: string
  /** Reads the elements of a file again. Left out: they are not known. */
  readonly format?: Format
  readonly parts: readonly Uint8Array[]
}

/** What an output was given in a batch. */
export interface CaughtOutput {
  readonly id: string
  readonly timeMs: number
  readonly elements: readonly unknown[]
  /** Left out: it writes no files. */
  readonly files?: CaughtFiles
}

/** How outputs are caught. */
export interface Catching {
  readonly caught: (output: CaughtOutput) => void
  /** Whether functions of the user run, which may do anything. */
  readonly runForeach: boolean
  /** Whether what is caught is written all the same: into a place of the replay. */
  readonly isWritten: boolean
}

/** Whether an output is a function of the user. */
export const isFunctionOutput = ({ node }: Planned<OutputNode>): boolean =>
  node.kind === 'foreachRDD' || node.kind === 'foreachPartition'

/**
 * The plan with outputs that are caught. It keeps nothing for other replays, and tells no listener
 * of the user: these may write too.
 */
export const catchOutputs = (plan: Plan, catching: Catching): Plan => ({
  ...plan,
  listeners: new Set(),
  outputs: plan.outputs.map((output) => ({
    ...output,
    node: {
      ...output.node,
      run: async (input: RDD<unknown>, view: OutputView) =>
        runCaught(output, input, view, catching),
    },
  })),
  // A loss is said, and the replay goes on without what is lost.
  options: { ...plan.options, keptForReplayMs: 0, onDataLoss: 'skip' },
})

const runCaught = async (
  output: Planned<OutputNode>,
  input: RDD<unknown>,
  view: OutputView,
  { caught, runForeach, isWritten }: Catching,
): Promise<void> => {
  const { id, node } = output
  const { timeMs } = view
  const kept = input.cache()
  const elements = (await kept.partitions()).flat(1)
  if (isFunctionOutput(output)) {
    if (runForeach) await node.run(kept, view)
    return caught({ id, timeMs, elements })
  }
  let files: CaughtFiles | undefined
  const write: WritePartitions = async (target, partitions) => {
    files = filesOf(target, partitions)
    if (isWritten && files !== undefined) await view.write(target, partitions)
  }
  await node.run(kept.within({ write }, id), { ...view, write })
  caught({ id, timeMs, elements, ...(files === undefined ? {} : { files }) })
}

const filesOf = (
  { place, format, readAs = format }: WriteTarget,
  partitions: readonly (readonly unknown[])[],
): CaughtFiles | undefined =>
  format === undefined
    ? undefined
    : {
        place,
        ...(readAs === undefined ? {} : { format: readAs }),
        parts: partitions.map((elements) => format.encode(elements)),
      }

/** The elements of a file. Undefined: it cannot be read by this format. */
export const elementsIn = (
  { format }: Pick<CaughtFiles, 'format'>,
  bytes: Uint8Array,
): readonly unknown[] | undefined => {
  try {
    return format?.decode(bytes).elements
  } catch (error) {
    if (isMillraceError(error)) return undefined
    throw error
  }
}
