/** Who gets colours, and that others' text brings none. */
import { expect, test } from 'vitest'
import { outputsOf } from '../../../cli/reports/outputs.ts'
import { printError, say } from '../../../cli/reports/answer.ts'
import { hasColours } from '../../../cli/reports/style.ts'

test.each<[boolean, Readonly<Record<string, string>>, boolean]>([
  [true, {}, true],
  [false, {}, false],
  [true, { TERM: 'dumb' }, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '0' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { NODE_DISABLE_COLORS: '1' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: '3', TERM: 'dumb' }, true],
  [false, { FORCE_COLOR: '' }, false],
  [true, { FORCE_COLOR: '0' }, false],
  [true, { FORCE_COLOR: 'false' }, false],
  // Both are set in many pipelines: who wants none must get none.
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  [false, { FORCE_COLOR: '', NO_COLOR: '1' }, false],
])('a terminal: %s, with %j: %s', (isTTY, variables, expected) => {
  expect(hasColours({ isTTY }, variables)).toBe(expected)
})

const terminal = (isTTY: boolean) => {
  const written: string[] = []
  const write = (text: Uint8Array | string): boolean => written.push(String(text)) > 0
  return { stream: { isTTY, write }, text: () => written.join('') }
}

const styled = (isTTY: boolean, json = false): string => {
  const out = terminal(isTTY)
  const outputs = outputsOf(out.stream, terminal(false).stream)
  const styleOf = (line: string) => (line.startsWith('bad') ? ('bad' as const) : undefined)
  say({ object: { a: 1 }, text: 'bad \u001b[32m\nwell\n', styleOf }, json, outputs)
  return out.text()
}

test('a line is coloured on a terminal, and what others wrote stays text', () => {
  const variables = ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'TERM']
  const before = variables.map((name) => [name, process.env[name]] as const)
  for (const name of variables) delete process.env[name]
  try {
    expect(styled(true)).toBe('\u001b[31mbad \\x1b[32m\u001b[39m\nwell\n')
    expect(styled(false)).toBe('bad \\x1b[32m\nwell\n')
    expect(styled(true, true)).toBe('{"a":1}\n')
  } finally {
    for (const [name, value] of before) if (value !== undefined) process.env[name] = value
  }
})

test('only the first line of an error is coloured', () => {
  const printed: (readonly (string | undefined)[])[] = []
  printError({ print: (...given) => void printed.push(given) }, 'It broke [CODE]\n  fix: mend it')
  expect(printed).toEqual([['It broke [CODE]\n', 'bad'], ['  fix: mend it\n']])
})
