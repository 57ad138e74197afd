import { parseArgs } from 'node:util'
import type { DeadLetterCursor } from '../lib/state/dead-letter-reader.ts'
import { type BatchesOptions, batchesOptions } from './batches.ts'
import { oneShell, type Shell } from './completion/shells.ts'
import { type DeadLetterOptions, deadLetterOptions, pageOf } from './dead-letter-options.ts'
import { DEV_OPTIONS, type DevOptions, devOptions } from './dev/dev-options.ts'
import { type DoctorOptions, doctorOptions } from './doctor-options.ts'
import { OPTION_USAGE, OPTIONS } from './option-table.ts'
import { type ReceiveOptions, receiveOptions } from './receive-options.ts'
import { REPLAY_OPTIONS, type ReplayOptions, replayOptions } from './replay/replay-options.ts'
import { oneModule, RUN_OPTIONS, type RunOptions, runOptions } from './run-options.ts'
import { type StateCommand, stateAction } from './state-options.ts'
import { type UiOptions, uiOptions } from './ui/ui-options.ts'
import { checkApp, meant, oneDirectory, usage } from './usage.ts'

/** The application that a command works on: a directory on this machine, or a deployed name. */
export type Target = { readonly state: string } | { readonly app: string }

/** A command with its options. */
export type Command =
  | ({ readonly name: 'run'; readonly module: string; readonly json: boolean } & RunOptions)
  | { readonly name: 'status' | 'resume'; readonly target: Target; readonly json: boolean }
  | {
      readonly name: 'skip'
      readonly target: Target
      readonly json: boolean
      /** The id of a source to give up. Undefined: the batch that is not finished. */
      readonly source: string | undefined
    }
  | {
      readonly name: 'check'
      readonly target: Target
      readonly json: boolean
      readonly module: string
    }
  | {
      readonly name: 'reset'
      readonly target: Target
      readonly json: boolean
      readonly yes: boolean
      /** The id of one operator. Undefined: everything. */
      readonly only: string | undefined
    }
  | {
      readonly name: 'dead-letters'
      readonly target: Target
      readonly json: boolean
      readonly deadLetters: DeadLetterOptions & { readonly page: DeadLetterCursor | undefined }
      /** The file to write. */
      readonly exportTo: string | undefined
      readonly isDelete: boolean
      readonly yes: boolean
    }
  | {
      readonly name: 'redrive'
      readonly target: Target
      readonly json: boolean
      readonly deadLetters: DeadLetterOptions
      readonly again: boolean
    }
  | {
      readonly name: 'batches'
      readonly target: Target
      readonly json: boolean
      readonly batches: BatchesOptions
    }
  | {
      readonly name: 'cost'
      readonly target: Target
      readonly json: boolean
      readonly since: string
    }
  | ({ readonly name: 'doctor'; readonly target: Target; readonly json: boolean } & DoctorOptions)
  | ({ readonly name: 'state'; readonly target: Target; readonly json: boolean } & StateCommand)
  | ({ readonly name: 'receive'; readonly module: string; readonly json: boolean } & ReceiveOptions)
  | ({ readonly name: 'dev'; readonly module: string } & DevOptions)
  | ({ readonly name: 'replay'; readonly module: string; readonly json: boolean } & ReplayOptions)
  | ({ readonly name: 'ui'; readonly page: Target; readonly json: boolean } & UiOptions)
  | { readonly name: 'plan'; readonly module: string; readonly json: boolean }
  | { readonly name: 'init'; readonly directory: string; readonly json: boolean }
  | { readonly name: 'completion'; readonly shell: Shell }
  /** `detail`: the code of an error. */
  | {
      readonly name: 'help'
      readonly topic: string | undefined
      readonly detail?: string | undefined
    }
  | { readonly name: 'version' }

/** The commands that work on an application that has run before. */
export type AppCommand = Extract<Command, { readonly target: Target }>

const LISTED = ['app', 'state', 'json']
const FILTER_OPTIONS = ['since', 'before', 'code', 'source', 'position', 'limit']

/** The commands, each with its options. */
export const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  init: ['json'],
  run: RUN_OPTIONS,
  receive: ['app', 'bind', 'follow', 'once', 'as', 'json'],
  status: ['app', 'state', 'json'],
  batches: [...LISTED, 'since', 'limit', 'watch'],
  ui: ['app', 'state', 'port', 'json'],
  doctor: [...LISTED, 'since'],
  cost: [...LISTED, 'since'],
  dev: DEV_OPTIONS,
  replay: REPLAY_OPTIONS,
  state: [...LISTED, 'limit', 'to', 'merge', 'yes', 'if-batch'],
  resume: ['app', 'state', 'json'],
  skip: ['app', 'state', 'source', 'json'],
  check: ['app', 'state', 'json'],
  plan: ['json'],
  reset: ['app', 'state', 'only', 'json', 'yes'],
  'dead-letters': [...LISTED, ...FILTER_OPTIONS, 'page', 'export', 'delete', 'yes'],
  redrive: ['app', 'state', 'json', ...FILTER_OPTIONS, 'again'],
  completion: [],
  help: [],
}

const names = Object.keys(COMMANDS).join(', ')

/**
 * Parses the command line.
 *
 * @throws MillraceError `USAGE`.
 */
export const parseCommand = (args: readonly string[]): Command => {
  const { values, positionals } = parseOptions(args)
  const [name = 'help', ...rest] = positionals
  if (values.version === true) return { name: 'version' }
  if (name === 'help' || values.help === true)
    return name === 'help'
      ? { name: 'help', topic: rest[0], detail: rest[1] }
      : { name: 'help', topic: name }
  const allowed = COMMANDS[name]
  if (allowed === undefined || !Object.hasOwn(COMMANDS, name))
    throw usage(
      'This command does not exist',
      name,
      names,
      `${meant(name, Object.keys(COMMANDS))}see all commands with examples: millrace --help`,
    )
  const foreign = Object.keys(values).find((option) => !allowed.includes(option))
  if (foreign !== undefined)
    throw usage(
      `millrace ${name} has no option --${foreign}`,
      `--${foreign}`,
      optionNames(name),
      `see its options: millrace help ${name}`,
    )
  const json = values.json === true
  if (name === 'run') {
    const options = runOptions(values)
    return { name, module: oneModule(name, rest, options.bindings), ...options, json }
  }
  if (name === 'receive')
    return { name, module: oneModule(name, rest, values.bind), ...receiveOptions(values), json }
  if (name === 'dev')
    return { name, module: oneModule(name, rest, values.bind), ...devOptions(values) }
  if (name === 'replay')
    return { name, module: oneModule(name, rest, values.bind), ...replayOptions(values), json }
  if (name === 'plan') return { name, module: oneModule(name, rest), json }
  if (name === 'ui') return { name, page: targetOf(name, values), ...uiOptions(rest, values), json }
  if (name === 'check')
    return {
      name,
      module: oneModule(name, rest),
      target: targetOf(name, values),
      json,
    }
  if (name === 'state')
    return { name, does: stateAction(rest, values), target: targetOf(name, values), json }
  if (name === 'doctor')
    return { name, ...doctorOptions(rest, values), target: targetOf(name, values), json }
  if (name === 'init') return { name, directory: oneDirectory(rest), json }
  if (name === 'completion') return { name, shell: oneShell(rest) }
  if (rest.length > 0)
    throw usage(
      `millrace ${name} takes options only`,
      rest[0],
      optionNames(name),
      `see its options: millrace help ${name}`,
    )
  return appCommand(name as OptionsCommand['name'], values)
}

type Values = ReturnType<typeof parseOptions>['values']

type OptionsCommand = Exclude<AppCommand, { readonly name: 'check' | 'state' | 'doctor' }>

const appCommand = (name: OptionsCommand['name'], values: Values): OptionsCommand => {
  const common = { target: targetOf(name, values), json: values.json === true }
  switch (name) {
    case 'skip':
      return { name, ...common, source: values.source }
    case 'batches':
      return { name, ...common, batches: batchesOptions(values) }
    case 'cost':
      return { name, ...common, since: batchesOptions({ since: values.since }).since }
    case 'reset':
      return { name, ...common, yes: values.yes === true, only: values.only }
    case 'dead-letters':
      return {
        name,
        ...common,
        deadLetters: { ...deadLetterOptions(values), page: pageOf(values) },
        exportTo: values.export,
        isDelete: values.delete === true,
        yes: values.yes === true,
      }
    case 'redrive':
      return {
        name,
        ...common,
        deadLetters: deadLetterOptions(values),
        again: values.again === true,
      }
    default:
      return { name, ...common }
  }
}

const targetOf = (name: string, { state, app }: Values): Target => {
  if (app !== undefined && state === undefined) return { app: checkApp(app) }
  if (state !== undefined && app === undefined) return { state }
  throw usage(
    state === undefined
      ? `millrace ${name} needs an application`
      : `millrace ${name} works on one application at a time`,
    state === undefined ? 'nothing' : `--state ${state} --app ${app}`,
    '--app NAME for a deployed application, or --state DIR for one on this machine',
    `for example: millrace ${name} --state .millrace/word-count, or millrace ${name} --app clicks`,
  )
}

const parseOptions = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // The first sentence says what is wrong. The others give advice that does not fit here.
    const [problem = ''] = (error as Error).message.split('. ')
    const name = args.find((arg) => Object.hasOwn(COMMANDS, arg)) ?? ''
    const wrong = /'(--[^'=]+)/.exec(problem)?.[1] ?? ''
    const known = (COMMANDS[name] ?? []).map((option) => `--${option}`)
    throw usage(
      problem.replace(/\.$/, ''),
      args.join(' '),
      optionNames(name),
      `${meant(wrong, known)}see the options with examples: millrace --help`,
    )
  }
}

const optionNames = (name: string): string => {
  const options = Object.hasOwn(COMMANDS, name) ? (COMMANDS[name] ?? []) : Object.keys(OPTIONS)
  return [...options, 'help'].map((option) => OPTION_USAGE[option] ?? `--${option}`).join(', ')
}
