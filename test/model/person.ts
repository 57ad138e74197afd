/**
 * Somebody at the command line: the model of `lib/runtime/operations/operate.ts`. Commands may meet
 * running drivers.
 */
import { manifestAfter } from './garbage.ts'
import { errs, type Model } from './protocol.ts'
import { freshId, type Step } from './step.ts'
import type { AttemptId, Head, PersonAt, World } from './world.ts'

/** What a person can do next. To resume what has failed is no fault: somebody will, in the end. */
export const personSteps = (model: Model, world: World): readonly Step[] => {
  const { person, head } = world
  if (person.before === 'manifest') return [putsManifest(model, world, person)]
  if (person.before !== 'command')
    return [person.before === 'skip' ? skips(model, world, person) : resumes(world, person)]
  const looks = (before: 'resume' | 'skip'): World => ({
    ...world,
    person: {
      before: before === 'skip' && world.stored !== null ? 'manifest' : before,
      seen: head,
      by: freshId(world),
    },
  })
  return [
    ...(head.status === 'failed'
      ? [{ text: 'millrace resume reads the head', goOn: () => looks('resume') }]
      : []),
    ...(head.next === null
      ? []
      : [
          {
            text: 'millrace skip reads the head',
            fault: 'skips' as const,
            goOn: () => looks('skip'),
          },
        ]),
  ]
}

type Commanding = Extract<PersonAt, { readonly by: AttemptId }>

const over = (world: World): World => ({ ...world, person: { before: 'command' } })

/** The same state, behind the cuts of the batch that is given up. */
const skipped = (model: Model, world: World, { seen, by }: Commanding): Head['manifest'] => {
  const plan = {
    blocks: [],
    cuts: errs(model, 'skip leaves the cut of the manifest')
      ? seen.manifest.cuts
      : (seen.plan?.cuts ?? seen.cuts),
  }
  return {
    ...manifestAfter(model, world, { ...seen, owner: by, plan }, []),
    name: `m${seen.next}${by}`,
  }
}

const putsManifest = (model: Model, world: World, person: Commanding): Step => ({
  text: `millrace skip writes the manifest ${skipped(model, world, person).name}`,
  write: { to: 'segments', put: skipped(model, world, person).name },
  goOn: (answer) => ({ ...answer.world, person: { ...person, before: 'skip' } }),
})

const skips = (model: Model, world: World, person: Commanding): Step => {
  const { seen } = person
  const next: Head = {
    ...seen,
    status: 'running',
    epoch: seen.epoch + 1,
    owner: null,
    done: seen.next as number,
    manifest: skipped(model, world, person),
    cuts: seen.plan?.cuts ?? seen.cuts,
    woken: false,
    next: null,
    plan: null,
    attempts: 0,
    outputDone: false,
  }
  return {
    text: `millrace skip gives up batch ${seen.next}`,
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
