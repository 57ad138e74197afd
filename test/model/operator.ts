/**
 * An operator at the command line: the model of `lib/runtime/operations/operate.ts`. Commands may
 * meet running drivers.
 */
import { manifestAfter } from './garbage.ts'
import { errs, type Model } from './protocol.ts'
import { freshId, type Step } from './step.ts'
import type { AttemptId, Head, OperatorAt, World } from './world.ts'

/**
 * Everything that an operator can do next. Resuming a failed application is not a fault: in the end
 * an operator will.
 */
export const operatorSteps = (model: Model, world: World): readonly Step[] => {
  const { operator, head } = world
  if (operator.before === 'manifest') return [putsManifest(model, world, operator)]
  if (operator.before !== 'command')
    return [operator.before === 'skip' ? skips(model, world, operator) : resumes(world, operator)]
  const readsHead = (before: 'resume' | 'skip'): World => ({
    ...world,
    operator: {
      before: before === 'skip' && world.stored !== null ? 'manifest' : before,
      seen: head,
      by: freshId(world),
    },
  })
  return [
    ...(head.status === 'failed'
      ? [{ text: 'millrace resume reads the head', goOn: () => readsHead('resume') }]
      : []),
    ...(head.next === null
      ? []
      : [
          {
            text: 'millrace skip reads the head',
            fault: 'skips' as const,
            goOn: () => readsHead('skip'),
          },
        ]),
  ]
}

type Commanding = Extract<OperatorAt, { readonly by: AttemptId }>

const over = (world: World): World => ({ ...world, operator: { before: 'command' } })

/** The manifest of a skipped batch: the same state, with the offsets of the batch. */
const skipped = (model: Model, world: World, { seen, by }: Commanding): Head['manifest'] => {
  const input = {
    blocks: [],
    offsets: errs(model, 'skip leaves the offsets of the manifest')
      ? seen.manifest.offsets
      : (seen.input?.offsets ?? seen.offsets),
  }
  return {
    ...manifestAfter(model, world, { ...seen, owner: by, input }, seen.manifest.states),
    name: `m${seen.next}${by}`,
  }
}

const putsManifest = (model: Model, world: World, operator: Commanding): Step => ({
  text: `millrace skip writes the manifest ${skipped(model, world, operator).name}`,
  write: { to: 'segments', put: skipped(model, world, operator).name },
  goOn: (answer) => ({ ...answer.world, operator: { ...operator, before: 'skip' } }),
})

const skips = (model: Model, world: World, operator: Commanding): Step => {
  const { seen } = operator
  const next: Head = {
    ...seen,
    status: 'running',
    epoch: seen.epoch + 1,
    owner: null,
    done: seen.next as number,
    manifest: skipped(model, world, operator),
    offsets: seen.input?.offsets ?? seen.offsets,
    woken: false,
    next: null,
    input: null,
    attempts: 0,
    outputDone: false,
  }
  return {
    text: `millrace skip skips batch ${seen.next}`,
    write: { to: 'head', kind: 'operate', generation: null, seen, next },
    goOn: (answer) => over(answer.world),
    giveUp: over,
  }
}

const resumes = (_: World, { seen }: Commanding): Step => ({
  text: `millrace resume has batch ${seen.next} tried again`,
  write: {
    to: 'head',
    kind: 'operate',
    generation: null,
    seen,
    next: { ...seen, status: 'running', attempts: 0 },
  },
  goOn: (answer) => over(answer.world),
  giveUp: over,
})
