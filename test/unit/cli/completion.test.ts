/** The scripts of `millrace completion`, in the shells that are there. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../../cli/arguments.ts'
import { completionScript } from '../../../cli/completion/completion.ts'
import { type Shell, SHELLS } from '../../../cli/completion/shells.ts'
import { completedCommands } from '../../../cli/completion/words.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-completion-'))
  mkdirSync(join(directory, 'store dir'))
  writeFileSync(join(directory, 'count.ts'), '')
  for (const shell of SHELLS) writeFileSync(join(directory, shell), completionScript(shell))
})
afterAll(() => rmSync(directory, { recursive: true }))

const has = (shell: Shell): boolean => spawnSync(shell, ['--version']).status === 0

const run = (shell: Shell, ...args: readonly string[]): string => {
  const { stdout, stderr, status } = spawnSync(shell, args, { cwd: directory, encoding: 'utf8' })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout
}

/** A word of bash ends at these, as in an interactive shell. */
const bashWords = (line: string): readonly string[] =>
  line
    .split(/([ =:])/)
    .filter((word, index, all) => word !== ' ' && (word !== '' || index === all.length - 1))

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** What bash offers for each line. */
const offeredByBash = (lines: readonly string[]): readonly (readonly string[])[] => {
  const asked = lines.map((line) => {
    const words = bashWords(line)
    return (
      `COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}; ` +
      `_millrace; printf '%s,' "\${COMPREPLY[@]}"; echo`
    )
  })
  // `compopt` works only while readline completes.
  const script = ['source ./bash', 'compopt() { :; }', ...asked].join('\n')
  return run('bash', '--norc', '-c', script)
    .trimEnd()
    .split('\n')
    .map((offer) => offer.split(',').filter((word) => word !== ''))
}

const LINES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['millrace stat', ['status', 'state']],
  ['millrace --v', ['--version']],
  ['millrace status --', ['--app', '--state', '--json', '--help']],
  ['millrace status --state st', ['store dir']],
  ['millrace status --state=st', ['store dir']],
  ['millrace status --state=', ['store dir']],
  ['millrace --state=x batc', ['batches']],
  ['millrace --state x batc', ['batches']],
  ['millrace run co', ['count.ts']],
  ['millrace run count.ts --bind lines=co', ['count.ts']],
  ['millrace run count.ts --bind lines=socket://co', []],
  ['millrace state ex', ['export']],
  ['millrace help dead', ['dead-letters']],
  ['millrace completion z', ['zsh']],
  ['millrace batches --limit ', []],
  ['millrace nothing --', []],
]

describe.skipIf(!has('bash'))('bash', () => {
  test('takes the script', () => expect(run('bash', '-n', './bash')).toBe(''))

  test('offers what fits', () => {
    const offered = offeredByBash(LINES.map(([line]) => line))
    expect(LINES.map(([line], index) => [line, offered[index] ?? []])).toEqual(LINES)
  })

  test('knows every command with every option, and loads again', () => {
    const names = Object.keys(COMMANDS)
    const offered = offeredByBash(['millrace ', ...names.map((name) => `millrace ${name} --`)])
    expect(offered[0]).toEqual(names)
    expect(offered.slice(1)).toEqual(
      names.map((name) => [...(COMMANDS[name] ?? []), 'help'].map((option) => `--${option}`)),
    )
    const loaded = run('bash', '--norc', '-c', 'source ./bash; source ./bash; complete -p millrace')
    expect(loaded).toBe('complete -F _millrace millrace\n')
  })
})

describe.skipIf(!has('fish'))('fish', () => {
  const offered = (line: string): readonly string[] =>
    run('fish', '--no-config', '-c', `source ./fish; complete -C ${quoted(line)}`)
      .split('\n')
      .flatMap((row) => row.split('\t')[0] || [])

  test.each([
    ['millrace stat', ['state', 'status']],
    ['millrace status --st', ['--state']],
    ['millrace status --state s', ['store dir/']],
    ['millrace run co', ['count.ts']],
    ['millrace state ex', ['export']],
    ['millrace completion z', ['zsh']],
    ['millrace batches --limit ', []],
  ])('%s', (line, expected) => expect(offered(line)).toEqual(expected))
})

/** Lines that end at the cursor, and what they are after a tab. */
const TYPED: readonly (readonly [line: string, completed: string])[] = [
  ['millrace statu', 'millrace status '],
  ['millrace status --st', 'millrace status --state='],
  ['millrace status --state=s', 'millrace status --state=store\\ dir/'],
  ['millrace help cos', 'millrace help cost '],
  ['millrace completion z', 'millrace completion zsh '],
  ['millrace run co', 'millrace run count.ts '],
  ['millrace state exp', 'millrace state export '],
]

describe.skipIf(!has('zsh'))('zsh', () => {
  test('completes what is typed in a terminal', { timeout: 60_000 }, () => {
    // A widget shows what is typed, and empties the line.
    const setUp =
      "PS1='%% '; autoload -Uz compinit; compinit -u -D; source ./zsh; setopt no_auto_menu; " +
      "bindkey '^I' complete-word; show() { zle -I; print -r -- '<''<'$BUFFER'>''>'; BUFFER= }; " +
      "zle -N show; bindkey '^Y' show; print REA''DY"
    const script = [
      'zmodload zsh/zpty',
      'zpty -b z zsh -f -i',
      `zpty -w z ${quoted(setUp)}`,
      "zpty -r z out '*READY*'",
      ...TYPED.flatMap(([line]) => [
        `zpty -w -n z ${quoted(line)}$'\\t\\x19'`,
        "zpty -r z out '*<<*>>*' && print -r -- ${${out#*<<}%%>>*}",
      ]),
      'zpty -d z',
    ]
    const { stdout } = spawnSync('zsh', ['-f', '-c', script.join('\n')], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 50_000,
    })
    expect(stdout.split('\n').slice(0, -1)).toEqual(TYPED.map(([, completed]) => completed))
  })
})

test('every command has a summary, and every option with a value says what it is', () => {
  for (const { name, summary, options } of completedCommands()) {
    expect([name, summary]).not.toContain('')
    for (const { takes, value } of options) expect(value === '').toBe(takes === 'nothing')
  }
})
