/** What can be completed: commands, their options, and what an option or a command takes. */
import { COMMANDS } from '../arguments.ts'
import { OPTION_USAGE, OPTIONS } from '../option-table.ts'
import { SHELLS } from './shells.ts'
import { STATE_ACTIONS } from '../state-options.ts'
import { SUMMARIES } from '../summaries.ts'

/** What follows an option, or a command. `nothing`: it has no value. `text`: no file. */
export type Takes = 'nothing' | 'text' | 'file' | 'directory' | readonly string[]

/** An option of a command. */
export interface CompletedOption {
  readonly name: string
  readonly takes: Takes
  /** What the value is, for people: `WHEN`. */
  readonly value: string
  readonly isRepeatable: boolean
}

/** A command, as shells complete it. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  /** What its own words are. */
  readonly takes: Takes
  readonly options: readonly CompletedOption[]
}

/** The value of these options is a place on this machine. */
const PLACES: Readonly<Record<string, Takes>> = {
  state: 'directory',
  bind: 'file',
  to: 'file',
  export: 'file',
  against: 'file',
  into: 'directory',
}

const WORDS: Readonly<Record<string, Takes>> = {
  init: 'directory',
  run: 'file',
  receive: 'file',
  plan: 'file',
  check: 'file',
  replay: 'file',
  dev: 'file',
  doctor: 'file',
  ui: 'file',
  state: STATE_ACTIONS,
  help: [...Object.keys(COMMANDS).filter((name) => name !== 'help'), 'errors'],
  completion: SHELLS,
}

const optionOf = (name: string): CompletedOption => {
  const { type, ...rest } = OPTIONS[name as keyof typeof OPTIONS]
  return {
    name,
    takes: type === 'boolean' ? 'nothing' : (PLACES[name] ?? 'text'),
    value: OPTION_USAGE[name]?.split(' ')[1] ?? '',
    isRepeatable: 'multiple' in rest,
  }
}

/** All commands. */
export const completedCommands = (): readonly CompletedCommand[] =>
  Object.entries(COMMANDS).map(([name, options]) => ({
    name,
    summary: SUMMARIES[name] ?? '',
    takes: WORDS[name] ?? 'nothing',
    options: [...options, 'help'].map(optionOf),
  }))
