/**
 * Completion for bash, from version 3.2 on, which macOS has. Bash takes `--state=./d` for three
 * words, because `=` is in COMP_WORDBREAKS, and replaces only the last one. So a `=` is looked
 * over, and the variable stays as the user has it.
 */
import type { CompletedCommand, Takes } from './words.ts'

const reply = (takes: Takes): string => {
  if (takes === 'nothing' || takes === 'text') return ':'
  if (takes === 'file') return '_millrace_files -f "$cur"'
  if (takes === 'directory') return '_millrace_files -d "$cur"'
  return `COMPREPLY=( $(compgen -W '${takes.join(' ')}' -- "$cur") )`
}

const caseOf = (patterns: readonly string[], act: string): string =>
  `    ${patterns.join('|')}) ${act} ;;`

/** The options of all commands with a value, by what it is. */
const valueCases = (commands: readonly CompletedCommand[]): readonly string[] => {
  const taking = new Map<string, Takes>()
  for (const { options } of commands)
    for (const { name, takes } of options) if (takes !== 'nothing') taking.set(`--${name}`, takes)
  return [...Map.groupBy(taking, ([, takes]) => takes)].map(([takes, all]) =>
    caseOf(
      all.map(([name]) => name),
      `${reply(takes)}; return`,
    ),
  )
}

/** The script. */
export const bashCompletion = (commands: readonly CompletedCommand[]): string => {
  const taking = new Set(
    commands.flatMap(({ options }) =>
      options.filter(({ takes }) => takes !== 'nothing').map(({ name }) => `--${name}`),
    ),
  )
  const names = commands.map(({ name }) => name)
  return `# Completion of millrace for bash.
#   eval "$(millrace completion bash)"      in ~/.bashrc

_millrace_files() {
  local file
  COMPREPLY=()
  while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen "$1" -- "$2")
  # Bash 3.2 has no compopt, and writes the slash of a directory itself.
  compopt -o filenames 2>/dev/null
}

_millrace() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=$((COMP_CWORD - 1)) name= word i
  local option=\${COMP_WORDS[before]}
  COMPREPLY=()
  # socket://HOST:PORT is no file.
  [ "$cur" = ':' ] || [ "$option" = ':' ] && return
  if [ "$cur" = '=' ]; then
    cur=
  elif [ "$option" = '=' ]; then
    before=$((before - 1))
    option=\${COMP_WORDS[before]}
  fi
  # A binding: --bind NAME=./dir
  if [ "$before" -gt 1 ] && [ "\${COMP_WORDS[before - 1]}" = --bind ]; then
    _millrace_files -f "$cur"
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$word" in
    ${[...taking].join('|')})
      i=$((i + 1))
      [ "\${COMP_WORDS[i]}" = '=' ] && i=$((i + 1)) ;;
    -* | '=') ;;
    *) name=$word; break ;;
    esac
  done
  case "$option" in
${valueCases(commands).join('\n')}
  esac
  case "$name:$cur" in
    :-*) COMPREPLY=( $(compgen -W '--help --version' -- "$cur") ) ;;
    :*) COMPREPLY=( $(compgen -W '${names.join(' ')}' -- "$cur") ) ;;
${commands
  .map(({ name, options }) =>
    caseOf(
      [`${name}:-*`],
      `COMPREPLY=( $(compgen -W '${options.map((one) => `--${one.name}`).join(' ')}' -- "$cur") )`,
    ),
  )
  .join('\n')}
${commands.map(({ name, takes }) => caseOf([`${name}:*`], reply(takes))).join('\n')}
  esac
}

complete -F _millrace millrace
`
}
