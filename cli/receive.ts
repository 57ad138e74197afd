/** `millrace receive`: feeds sources of a deployed application from this machine. */
import { MillraceError } from '../lib/base/errors.ts'
import { oneLine } from '../lib/base/printable.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import { sourceName } from '../lib/dstream/sources/declaration.ts'
import { followed, sourcesLocator } from '../lib/runtime/bindings.ts'
import type { RuntimeEvent } from '../lib/runtime/events.ts'
import type { Location } from '../lib/runtime/locations.ts'
import { openReceived } from '../lib/runtime/receive/open-received.ts'
import { checkRunningPlan, receive } from '../lib/runtime/receive/receive.ts'
import type { SourcePorts } from '../lib/runtime/sources/source-ports.ts'
import { sourceKind } from '../lib/runtime/sources/source-kind.ts'
import { HeadStore } from '../lib/state/head.ts'
import { loadPlan } from '../lib/tools/load-pipeline.ts'
import type { Command } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { localSources } from './local-ports.ts'
import { openDeployed } from './open-deployed.ts'
import { jsonLine } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'
import { stopSignal } from './stop-signals.ts'

type ReceiveCommand = Extract<Command, { readonly name: 'receive' }>

/** Returns the exit code. */
export const receiveSources = async (
  command: ReceiveCommand,
  outputs: Outputs,
): Promise<number> => {
  const { app: appName, as, once, json } = command
  const plan = await loadPlan(command.module)
  const opened = await openDeployed(appName)
  const { app, store, clock, randomness, deployed } = opened
  if (deployed === undefined) throw new TypeError('a deployed application has a deployment')
  checkRunningPlan(plan, app, await new HeadStore(store, app).read())
  const ports = localSources({ isOnce: once, bindings: command.bindings })
  const locations = locate(plan, deployed.fed ?? [], command, ports)
  const listen = listenerOf(json, outputs)
  const sources = await openReceived({
    plan,
    app,
    locations,
    ports: { store, clock, randomness, sources: ports },
    listen,
    name: as,
  })
  // From here on, a signal ends it in order.
  const { signal } = stopSignal(clock, () => undefined)
  const say = (object: object, text: string): void =>
    outputs.out.print(json ? jsonLine(object) : text)
  const feeds = plan.sources.flatMap(({ id, node }) => {
    const location = locations.get(id)
    const what = location && sourceKind(location.kind)?.describe(location, ports).what
    return what === undefined ? [] : [{ id, name: sourceName(id, node.source), what }]
  })
  const lines = feeds.map(({ name, what }) => `  ${name}: ${what}\n`)
  say(
    { event: 'receiving', app, plan: plan.hash, sources: feeds },
    `${app}: feeds the application in ${opened.location}\n${lines.join('')}`,
  )
  const { scheduleTriggers } = deployed
  const parts = { plan, app, store, clock, randomness, sources, name: as, scheduleTriggers }
  await receive({ ...parts, listen, signal, untilEnd: once })
  say({ event: 'ended' }, 'Ended: what was received is stored.\n')
  return EXIT.ok
}

/** Where each source gets its records. */
const locate = (
  plan: Plan,
  fed: readonly string[],
  { bindings, follow, app }: ReceiveCommand,
  sources: SourcePorts,
): ReadonlyMap<string, Location> => {
  const found = plan.sources.filter(({ id }) => fed.includes(id))
  if (found.length === 0)
    throw new MillraceError('BINDING_MISSING', {
      problem: 'No source of this application is fed from outside',
      value: app,
      fix: "name the sources in the construct, and deploy: receive: ['lines']",
    })
  checkNames(bindings, found)
  const locateIt = sourcesLocator({ bindings, cwd: process.cwd(), sources, sinks: {} })
  return new Map(
    found.map(({ id, node }) => {
      const location = locateIt(id, node.source)
      return [id, follow ? followed(location, node.source) : location]
    }),
  )
}

const checkNames = (bindings: readonly string[], fed: Plan['sources']): void => {
  const names = fed.flatMap(({ node }) => node.source.name ?? [])
  const unknown = bindings
    .map((binding) => /^([^=]+)=/.exec(binding)?.[1])
    .find((name) => name !== undefined && !names.includes(name))
  if (unknown === undefined) return
  throw new MillraceError('BINDING_UNKNOWN', {
    problem: 'No source with the name of this binding is fed from outside',
    value: unknown,
    allowed: names.join(', ') || 'no binding',
    fix: "correct the name, or name the source in the construct: receive: ['NAME']",
  })
}

/** What happens, as `millrace run` tells it. */
const listenerOf =
  (json: boolean, { out, err }: Outputs) =>
  (event: RuntimeEvent): void => {
    if (json) return out.print(jsonLine(event))
    switch (event.event) {
      case 'receiver':
        return err.print(`${oneLine(event.source)}: ${event.message}\n`)
      case 'warning':
        return err.print(`${event.message}\n`)
      case 'deadLetter':
        return err.print(`Put aside: ${event.source} ${oneLine(event.position)} [${event.code}]\n`)
      default:
    }
  }
