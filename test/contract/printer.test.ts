import { expect, test, vi } from 'vitest'
import { stdoutPrinter } from '../../lib/adapters/local/stdout-printer.ts'
import { memoryPrinter } from '../../lib/adapters/memory/memory-printer.ts'
import { printerContract } from './printer.contract.ts'

printerContract('memory', () => {
  const printer = memoryPrinter()
  return { printer, texts: printer.texts }
})

printerContract('standard output', () => {
  const texts: string[] = []
  const printer = stdoutPrinter({
    write: (text: string | Uint8Array) => texts.push(String(text)) > 0,
  })
  return { printer, texts }
})

test('standard output is where it prints unless told otherwise', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  stdoutPrinter().print('text\n')
  const calls = write.mock.calls.map(([text]) => text)
  write.mockRestore()
  expect(calls).toEqual(['text\n'])
})
