/** Completion for fish. */
import type { CompletedCommand, CompletedOption, Takes } from './words.ts'

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`

/** `-f`: no files. */
const argumentsOf = (takes: Takes): string => {
  if (takes === 'file') return '-r -F'
  if (takes === 'directory') return "-x -a '(__fish_complete_directories)'"
  return '-x'
}

const optionLine = (name: string, { name: option, takes, value }: CompletedOption): string =>
  [
    `complete -c millrace -n '__fish_seen_subcommand_from ${name}' -l ${option}`,
    ...(takes === 'nothing' ? [] : [argumentsOf(takes), `-d ${quoted(value)}`]),
  ].join(' ')

const wordLines = ({ name, takes }: CompletedCommand): readonly string[] => {
  const when = `complete -c millrace -n '__fish_seen_subcommand_from ${name}'`
  if (takes === 'nothing' || takes === 'text') return []
  if (takes === 'file') return [`${when} -F`]
  if (takes === 'directory') return [`${when} -a '(__fish_complete_directories)'`]
  return [`${when} -a ${quoted(takes.join(' '))}`]
}

/** The script. */
export const fishCompletion = (commands: readonly CompletedCommand[]): string =>
  [
    '# Completion of millrace for fish.',
    '#   millrace completion fish > ~/.config/fish/completions/millrace.fish',
    '',
    'complete -c millrace -e',
    'complete -c millrace -f',
    "complete -c millrace -n __fish_use_subcommand -l help -d 'all commands, with examples'",
    'complete -c millrace -n __fish_use_subcommand -l version',
    ...commands.flatMap((command) => [
      `complete -c millrace -n __fish_use_subcommand -a ${command.name} ` +
        `-d ${quoted(command.summary)}`,
      ...command.options.map((option) => optionLine(command.name, option)),
      ...wordLines(command),
    ]),
    '',
  ].join('\n')
