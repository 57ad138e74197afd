/** Completion for zsh, loaded from `fpath` or by `eval`. */
import type { CompletedCommand, CompletedOption, Takes } from './words.ts'

/** In a specification of `_arguments`, a colon ends a part. */
const escaped = (text: string): string =>
  text.replaceAll(/[:[\]\\]/g, '\\$&').replaceAll("'", "'\\''")

const actionOf = (takes: Takes): string => {
  if (takes === 'file') return '_files'
  if (takes === 'directory') return '_files -/'
  return typeof takes === 'string' ? ' ' : `(${takes.join(' ')})`
}

const optionSpec = ({ name, takes, value, isRepeatable }: CompletedOption): string =>
  takes === 'nothing'
    ? `'--${name}'`
    : `'${isRepeatable ? '*' : ''}--${name}=:${escaped(value)}:${actionOf(takes)}'`

const wordSpec = (takes: Takes): readonly string[] =>
  takes === 'nothing' || takes === 'text' ? [] : [`'*:word:${actionOf(takes)}'`]

const commandCase = ({ name, options, takes }: CompletedCommand): string => {
  const specs = [...options.map(optionSpec), ...wordSpec(takes)]
  return `    ${name})\n      _arguments : \\\n        ${specs.join(' \\\n        ')} ;;`
}

/** The script. */
export const zshCompletion = (commands: readonly CompletedCommand[]): string => `#compdef millrace
# Completion of millrace for zsh.
#   eval "$(millrace completion zsh)"       in ~/.zshrc, after compinit

_millrace() {
  local -a commands
  local state line
  commands=(
${commands.map(({ name, summary }) => `    '${name}:${escaped(summary)}'`).join('\n')}
  )
  _arguments -C : '--help' '--version' '1: :->command' '*:: :->rest'
  case $state in
  command) _describe command commands ;;
  rest)
    case $words[1] in
${commands.map(commandCase).join('\n')}
    esac ;;
  esac
}

if [[ $funcstack[1] = _millrace ]]; then
  _millrace "$@"
else
  compdef _millrace millrace
fi
`
