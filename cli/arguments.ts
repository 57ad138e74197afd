import { parseArgs } from 'node:util'
import { MillraceError } from '../lib/base/errors.ts'

/** What the command line asks for. */
export type Command =
  | {
      readonly name: 'run'
      readonly module: string
      readonly once: boolean
      readonly bindings: readonly string[]
      readonly state: string | undefined
      readonly json: boolean
    }
  | { readonly name: 'status' | 'resume' | 'skip' | 'reset'; readonly state: string; readonly json: boolean; readonly yes: boolean }
  | { readonly name: 'help'; readonly topic: string | undefined }
  | { readonly name: 'version' }

/** The commands, with the options that each understands. */
export const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  run: ['once', 'bind', 'state', 'json'],
  status: ['state', 'json'],
  resume: ['state', 'json'],
  skip: ['state', 'json'],
  reset: ['state', 'json', 'yes'],
  help: [],
}

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  once: { type: 'boolean' },
  bind: { type: 'string', multiple: true },
  state: { type: 'string' },
  json: { type: 'boolean' },
  yes: { type: 'boolean' },
} as const

const usage = (problem: string, value: unknown, allowed: string, fix: string): MillraceError =>
  new MillraceError('USAGE', { problem, value, allowed, fix })

const names = Object.keys(COMMANDS).join(', ')

/**
 * Reads the command line.
 *
 * @throws MillraceError `USAGE`.
 */
export const parseCommand = (args: readonly string[]): Command => {
  const { values, positionals } = parsed(args)
  const [name = 'help', ...rest] = positionals
  if (values.version === true) return { name: 'version' }
  if (name === 'help' || values.help === true) return { name: 'help', topic: name === 'help' ? rest[0] : name }
  const allowed = COMMANDS[name]
  if (allowed === undefined || !Object.hasOwn(COMMANDS, name))
    throw usage('There is no such command', name, names, 'millrace --help shows them all with examples')
  const foreign = Object.keys(values).find((option) => !allowed.includes(option))
  if (foreign !== undefined)
    throw usage(`millrace ${name} has no option --${foreign}`, `--${foreign}`, optionNames(name), `millrace help ${name}`)
  const json = values.json === true
  if (name === 'run')
    return { name, module: oneModule(rest), once: values.once === true, bindings: values.bind ?? [], state: values.state, json }
  if (rest.length > 0) throw usage(`millrace ${name} takes no argument of this kind`, rest[0], optionNames(name), `millrace help ${name}`)
  if (values.state === undefined)
    throw usage(
      `millrace ${name} needs a store to work on`,
      'nothing',
      '--state DIR',
      `for example millrace ${name} --state .millrace/word-count`,
    )
  return { name: name as 'status', state: values.state, json, yes: values.yes === true }
}

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // Its first sentence says what is wrong; the others are about programs that take anything.
    const [problem = ''] = (error as Error).message.split('. ')
    throw usage(
      problem.replace(/\.$/, ''),
      args.join(' '),
      optionNames(args.find((arg) => Object.hasOwn(COMMANDS, arg)) ?? ''),
      'millrace --help shows the options with examples',
    )
  }
}

const optionNames = (name: string): string => {
  const options = Object.hasOwn(COMMANDS, name) ? (COMMANDS[name] ?? []) : Object.keys(OPTIONS)
  return [...options, 'help']
    .map((option) => (option === 'bind' ? '--bind NAME=URI' : option === 'state' ? '--state DIR' : `--${option}`))
    .join(', ')
}

const oneModule = ([module, ...more]: readonly string[]): string => {
  if (module === undefined)
    throw usage('millrace run needs a module', 'nothing', 'the path of one module', 'for example millrace run word-count.ts')
  if (more.length > 0)
    throw usage('millrace run runs one module', [module, ...more].join(' '), 'the path of one module', 'start it once for each module')
  return module
}
