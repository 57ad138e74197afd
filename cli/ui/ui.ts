/** `millrace ui`: the page of an application that something else runs, or that has stopped. */
import type { Plan } from '../../lib/dstream/plan.ts'
import { loadPlan } from '../../lib/tools/load-pipeline.ts'
import type { Command } from '../arguments.ts'
import { EXIT } from '../exit-codes.ts'
import type { OpenApp } from '../open-app.ts'
import { openDeployed } from '../open-deployed.ts'
import { withLocal } from '../open-local.ts'
import { say } from '../reports/answer.ts'
import type { Outputs } from '../reports/reporter.ts'
import { stopSignal } from '../stop-signals.ts'
import { usage } from '../usage.ts'
import { servePage } from './serve-page.ts'

type UiCommand = Extract<Command, { readonly name: 'ui' }>

/** Serves the page until it is stopped. Returns the exit code. */
export const showPage = async (command: UiCommand, outputs: Outputs): Promise<number> => {
  const plan = command.module === undefined ? undefined : await loadPlan(command.module)
  const serve = (opened: OpenApp): Promise<number> =>
    serveUntilStopped(command, opened, plan, outputs)
  if ('state' in command.page) return withLocal(command.page.state, serve)
  return serve(await openDeployed(command.page.app))
}

const serveUntilStopped = async (
  { port, json }: UiCommand,
  opened: OpenApp,
  plan: Plan | undefined,
  outputs: Outputs,
): Promise<number> => {
  const { app, store, clock, location, target, deployed } = opened
  if (plan !== undefined && plan.name !== app) throw otherApp(plan.name, app)
  const page = await servePage(
    {
      app,
      store,
      clock,
      where: location,
      how: deployed === undefined ? 'stored' : 'deployed',
      target,
      plan,
      intervalMs: plan?.options.intervalMs ?? deployed?.intervalMs,
      standing: deployed?.standing,
    },
    port,
  )
  const object = { event: 'serving', app, page: page.url }
  say({ object, text: `Page of ${app}: ${page.url}\nCtrl-C ends it.\n` }, json, outputs)
  const { signal } = stopSignal(clock, () => undefined)
  // The page itself keeps no process alive.
  await clock.sleep(Number.MAX_SAFE_INTEGER, signal)
  page.close()
  return EXIT.ok
}

const otherApp = (name: string, app: string): Error =>
  usage(
    `The module is the pipeline "${name}", and the application is another one`,
    name,
    `the module of "${app}"`,
    'choose the other module, or leave it out: then the page has no drawing of the plan',
  )
