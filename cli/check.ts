import type { MillraceError } from '../lib/base/errors.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import { type PlanFit, planFit } from '../lib/runtime/driver/plan-fit.ts'
import { HeadStore } from '../lib/state/head.ts'
import { loadPlan } from '../lib/tools/load-pipeline.ts'
import type { AppCommand } from './arguments.ts'
import { exitCodes, EXIT } from './exit-codes.ts'
import type { OpenApp } from './open-app.ts'
import { say } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'

type CheckCommand = Extract<AppCommand, { readonly name: 'check' }>

/** What `millrace check` answers. */
interface Checked extends Pick<PlanFit, 'conflicts' | 'carriedOver'> {
  readonly app: string
  readonly fits: boolean
  /** The hash of the plan of the module, and of the plan that runs; undefined: nothing has run. */
  readonly plan: string
  readonly storedPlan: string | undefined
}

/**
 * `millrace check`: whether the pipeline of a module could go on with what is stored. Reads only.
 * Returns the exit code.
 */
export const checkPlan = async (
  opened: OpenApp,
  { module, json }: CheckCommand,
  outputs: Outputs,
): Promise<number> => {
  const checked = await check(opened, await loadPlan(module))
  say({ object: checked, text: textOf(checked, module, opened.location) }, json, outputs)
  return checked.fits ? EXIT.ok : exitCodes.PLAN_INCOMPATIBLE
}

/**
 * The same when nothing has run or been deployed yet: there is nothing to compare. `missing` says
 * where nothing was found, since the name may be wrong.
 */
export const checkWithoutStore = async (
  { module, json }: CheckCommand,
  missing: MillraceError,
  outputs: Outputs,
): Promise<number> => {
  const { name, hash } = await loadPlan(module)
  const checked: Checked = {
    app: name,
    fits: true,
    plan: hash,
    storedPlan: undefined,
    conflicts: [],
    carriedOver: [],
  }
  const [where = ''] = missing.message.split(` [${missing.code}]`)
  const text = `${module} fits: nothing is stored yet, so there is nothing to compare. ${where}.\n`
  say({ object: checked, text }, json, outputs)
  return EXIT.ok
}

const check = async ({ store, app }: OpenApp, plan: Plan): Promise<Checked> => {
  const head = await new HeadStore(store, app).read()
  const { conflicts, carriedOver } =
    head === undefined
      ? { conflicts: [], carriedOver: [] }
      : await planFit({ store, app, plan }, head)
  const all = [...namesOf(app, plan), ...conflicts]
  return {
    app,
    fits: all.length === 0,
    plan: plan.hash,
    storedPlan: head?.plan,
    conflicts: all,
    carriedOver,
  }
}

const namesOf = (app: string, { name }: Plan): readonly string[] =>
  name === app ? [] : [`the pipeline is named "${name}", and the store belongs to "${app}"`]

const textOf = (
  { app, fits, plan, storedPlan, conflicts, carriedOver }: Checked,
  module: string,
  location: string,
): string => {
  const list = (texts: readonly string[]): readonly string[] => texts.map((text) => `  ${text}`)
  const kept =
    storedPlan === undefined
      ? 'Nothing has run yet.'
      : storedPlan === plan
        ? 'The plan is the one that runs.'
        : 'The plan has changed. All that is stored is kept.'
  const lines = fits
    ? [
        `${module} fits ${app} in ${location}. ${kept}`,
        ...(carriedOver.length === 0 ? [] : ['Stored anew with the first batch:']),
        ...list(carriedOver),
      ]
    : [
        `${module} does not fit ${app} in ${location}. A driver would refuse to start:`,
        ...list(conflicts),
        'What to do about each: millrace help errors PLAN_INCOMPATIBLE',
      ]
  return `${lines.join('\n')}\n`
}
