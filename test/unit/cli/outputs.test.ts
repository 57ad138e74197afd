import { expect, test } from 'vitest'
import { outputsOf } from '../../../cli/reports/outputs.ts'

const HOSTILE = '\u001b[2J\ta\n'
const ESCAPED = '\\x1b[2J\ta\n'

/** What the outputs write for the same text, by the kind of the standard output. */
test.each([
  ['a terminal', true, ESCAPED],
  ['a pipe', false, HOSTILE],
  ['a file', undefined, HOSTILE],
])(
  '%s gets records as is right for it, and never escape sequences of messages',
  (_, isTTY, records) => {
    const written: Record<string, string> = {}
    const stream = (name: string) => ({
      write: (text: Uint8Array | string) => {
        written[name] = (written[name] ?? '') + String(text)
        return true
      },
    })
    const outputs = outputsOf(
      { ...stream('stdout'), ...(isTTY === undefined ? {} : { isTTY }) },
      { ...stream('stderr'), isTTY: false },
    )
    outputs.out.print(HOSTILE)
    outputs.err.print(HOSTILE)
    expect(written).toEqual({ stdout: ESCAPED, stderr: ESCAPED })
    outputs.records.print(HOSTILE)
    expect(written['stdout']).toBe(ESCAPED + records)
  },
)
