/**
 * A plan that reports: every output operation tells what it got, wrote and threw. Watched streams
 * are outputs that do nothing.
 *
 * An output is handed the elements that were seen, not an RDD to compute again: so functions of
 * the pipeline run as often as they would for one action. Unlike `print()`, which may need only the
 * first elements, a test reads all of them.
 */
import { asMillraceError, MillraceError } from '../../base/errors.ts'
import type { Plan, Planned } from '../../dstream/plan.ts'
import type { OutputNode, OutputView } from '../../dstream/plan-node.ts'
import { text } from '../../formats/text.ts'
import type { RDD } from '../../rdd/rdd.ts'
import type { WritePartitions } from '../../rdd/write-target.ts'
import type { TestRun } from './test-batch.ts'

/** Records a run of an output, under the id of the output. */
export type Observer = (id: string, run: TestRun) => void

/** How to observe a plan. */
export interface Observation {
  readonly observer: Observer
  /** Further streams to watch, by their ids. */
  readonly watched: readonly string[]
  readonly whenIdle: Plan['options']['whenIdle'] | undefined
}

/** The id of the output that watches a stream. */
export const watchId = (stream: string): string => `watch ${stream}`

/**
 * The same plan, observed. Its hash stays: what is stored is the same.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when a watched stream is not in the plan.
 */
export const observePlan = (plan: Plan, { observer, watched, whenIdle }: Observation): Plan => {
  const slides = new Map(
    plan.nodes.flatMap(({ id, node, everyMs }) =>
      node.role === 'output'
        ? []
        : [[id, (node.role === 'operator' ? node.slideMs : undefined) ?? everyMs]],
    ),
  )
  const streams = [...slides.keys()]
  const stray = watched.find((id) => !streams.includes(id))
  if (stray !== undefined)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'No output of the pipeline needs a stream of this id, so it cannot be watched',
      value: stray,
      allowed: streams.join(', '),
    })
  const watches = watched.map((id): Planned<OutputNode> => ({
    id: watchId(id),
    node: WATCH,
    parents: [id],
    everyMs: slides.get(id) as number,
    settings: {},
    declaredAt: () => undefined,
  }))
  const outputs = [...plan.outputs, ...watches].map((output) => observeOutput(output, observer))
  return {
    ...plan,
    outputs,
    options: { ...plan.options, whenIdle: whenIdle ?? plan.options.whenIdle },
  }
}

const WATCH: OutputNode = Object.freeze({
  role: 'output',
  kind: 'watch',
  parents: [],
  parameters: {},
  run: async () => undefined,
} satisfies OutputNode)

const observeOutput = (output: Planned<OutputNode>, observer: Observer): Planned<OutputNode> => ({
  ...output,
  node: { ...output.node, run: async (input, view) => runObserved(output, input, view, observer) },
})

const runObserved = async (
  { id, node }: Planned<OutputNode>,
  input: RDD<unknown>,
  view: OutputView,
  observer: Observer,
): Promise<void> => {
  if (view.isDone === true) return node.run(input, view)
  let partitions: readonly (readonly unknown[])[] | undefined
  let printed = ''
  const files: Record<string, string> = {}
  const write: WritePartitions = async (target, written) => {
    await view.write(target, written)
    const { place, format = text } = target
    if (place === 'print:') printed += written.flat().join('')
    else
      written.forEach((elements, index) => {
        const name = `${place}/part-${String(index).padStart(5, '0')}`
        files[name] = Buffer.from(format.encode(elements)).toString('utf8')
      })
  }
  const tell = (error: TestRun['error']): void =>
    observer(id, {
      timeMs: view.timeMs,
      elements: partitions?.flat(1),
      partitions,
      printed,
      files,
      attempt: view.attempt.number,
      error,
    })
  try {
    const kept = input.cache()
    partitions = await kept.partitions()
    await node.run(kept.within({ write, adds: input.adds }, id), { ...view, write })
  } catch (error) {
    tell(asMillraceError(error, 'BATCH_FAILED', { problem: `The output ${id} failed` }))
    throw error
  }
  tell(undefined)
}
