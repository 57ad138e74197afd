import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'

const MODULE = new URL('../../../lib/adapters/local/temporary-folder.ts', import.meta.url)

test.each([
  ['at its end', ''],
  ['when it exits', 'process.exit(0)'],
  ['when it fails', "process.on('uncaughtException', () => process.exit(1)); throw new Error('a')"],
])('the temporary folder of a process is gone %s', (_, end) => {
  const program = `
    import { mkdirSync, writeFileSync } from 'node:fs'
    import { temporaryFolder } from ${JSON.stringify(MODULE.href)}
    const folder = temporaryFolder('millrace-test')
    mkdirSync(folder)
    writeFileSync(folder + '/a', 'a')
    console.log(folder)
    ${end}`
  let folder: string
  try {
    folder = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
  } catch (error) {
    folder = (error as { readonly stdout: string }).stdout
  }
  expect(folder).toMatch(/millrace-test-\d+/)
  expect(existsSync(folder.trim())).toBe(false)
})
