/** `millrace doctor`: what fits and what does not, from the history of an application. */
import type { PlanOptions } from '../lib/dstream/plan.ts'
import { count } from '../lib/base/amount-text.ts'
import { oneLine } from '../lib/base/printable.ts'
import { diagnose } from '../lib/runtime/operations/doctor/diagnose.ts'
import { examine } from '../lib/runtime/operations/doctor/examine.ts'
import type { Examined, Finding, Severity } from '../lib/runtime/operations/doctor/finding.ts'
import { type Setting, settingsOf } from '../lib/runtime/operations/doctor/settings.ts'
import { loadPlan } from '../lib/tools/load-pipeline.ts'
import { withShownPaths } from '../lib/tools/shown-paths.ts'
import type { OpenApp } from './open-app.ts'
import { type Answer, timeText } from './reports/answer.ts'
import type { Style } from './reports/style.ts'
import { wrapped } from './reports/wrap.ts'
import { parseSince } from './since.ts'
import { usage } from './usage.ts'
import type { AppCommand } from './arguments.ts'

type DoctorCommand = Extract<AppCommand, { readonly name: 'doctor' }>

/** With fewer batches, most checks say nothing. */
const BATCHES_FEW = 20

/** Examines an application. `columns`: the width of the terminal. */
export const doctor = async (
  opened: OpenApp,
  { module, since }: DoctorCommand,
  columns: number | undefined,
): Promise<Answer> => {
  const { store, app, clock, target, location, lastMs, deployed } = opened
  const options = module === undefined ? undefined : await optionsOf(module, app)
  const examined = await examine({
    store,
    app,
    clock,
    target,
    isDeployed: deployed !== undefined,
    fromMs: parseSince(since, clock.now()) ?? 0,
    toMs: await lastMs(),
    sources: (await import('./local-ports.ts')).askedSources(),
    ...(options === undefined ? {} : { options }),
    ...(deployed?.standing === undefined ? {} : { standing: deployed.standing }),
    ...(deployed?.intervalMs === undefined ? {} : { intervalMs: deployed.intervalMs }),
  })
  const findings = diagnose(examined)
  const settings = settingsOf(examined)
  const { batches } = examined
  return {
    object: {
      app,
      batches: batches.length,
      records: batches.reduce((total, { records }) => total + records, 0),
      fromMs: batches[0]?.timeMs,
      toMs: batches.at(-1)?.timeMs,
      findings,
      settings,
    },
    text: textOf(`${app} in ${location}`, { examined, findings, settings, columns }),
    styleOf,
  }
}

const optionsOf = async (module: string, app: string): Promise<PlanOptions> => {
  const { name, options } = await loadPlan(module)
  if (name === app) return options
  throw usage(
    `The module is the pipeline "${name}", and the application is another one`,
    name,
    `the module of "${app}"`,
    'choose the other module, or leave it out: then the doctor does not know its limits',
  )
}

interface Told {
  readonly examined: Examined
  readonly findings: readonly Finding[]
  readonly settings: readonly Setting[]
  readonly columns: number | undefined
}

const textOf = (what: string, { examined, findings, settings, columns }: Told): string => {
  const { batches } = examined
  return [
    `${what}: ${summaryOf(findings, batches.length)}\n`,
    seenText(examined),
    ...findings.map((finding) => findingLines(finding, columns)),
    ...(settings.length === 0 ? [] : ['\n']),
    ...settings.map(({ name, text }) => labelled(name, SETTING_AT, text, columns)),
  ].join('')
}

const WORDS: Readonly<Record<Severity, readonly [one: string, many: string]>> = {
  problem: ['problem', 'problems'],
  advice: ['piece of advice', 'pieces of advice'],
  saving: ['saving', 'savings'],
}

const summaryOf = (findings: readonly Finding[], batches: number): string => {
  if (findings.length === 0)
    return batches < BATCHES_FEW ? 'too few batches to say much' : 'nothing to do'
  return (Object.entries(WORDS) as [Severity, readonly [string, string]][])
    .flatMap(([severity, words]) => {
      const number = findings.filter((one) => one.severity === severity).length
      return number === 0 ? [] : [count(number, ...words)]
    })
    .join(', ')
}

const seenText = ({ batches }: Examined): string => {
  const [first] = batches
  const last = batches.at(-1)
  if (first === undefined || last === undefined) return '  no batch has run since then\n'
  const records = batches.reduce((total, one) => total + one.records, 0)
  return (
    `  ${count(batches.length, 'batch', 'batches')} of the last deployment, ` +
    `${count(records, 'record')}, from ${timeText(first.timeMs)} to ${timeText(last.timeMs)}\n`
  )
}

/** A text behind its label, of which all lines begin in the same column. */
const labelled = (label: string, at: number, text: string, columns: number | undefined): string => {
  const lines = wrapped(oneLine(withShownPaths(text)), ' '.repeat(at), columns)
  return `  ${label.padEnd(at - 2)}${lines.slice(at)}`
}

const FINDING_AT = 10
const SETTING_AT = 15

const findingLines = (finding: Finding, columns: number | undefined): string => {
  const { code, severity, seen, why, change, effect = '' } = finding
  const lines = Object.entries({ seen, why, change, effect })
    .filter(([, text]) => text !== '')
    .map(([label, text]) => labelled(label, FINDING_AT, text, columns))
  return [`\n${severity}: ${code}\n`, ...lines].join('')
}

const STYLES: readonly (readonly [RegExp, Style])[] = [
  [/^problem: /, 'bad'],
  [/^(advice|saving): /, 'warning'],
  [/: nothing to do\n$/, 'good'],
]

const styleOf = (line: string): Style | undefined =>
  STYLES.find(([pattern]) => pattern.test(line))?.[1]
