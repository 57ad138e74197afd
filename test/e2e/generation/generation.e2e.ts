/**
 * The generation comes from the content of what is deployed: the same code changes nothing, and a
 * roll-back gets a higher number.
 */
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientSettings } from '../../../lib/adapters/aws/clients.ts'
import { readParameter } from '../../../lib/adapters/aws/ssm-parameter.ts'
import { deploymentIn } from '../../../lib/tools/deployment.ts'
import { bootstrap, deploy, diff, synthesiseApp } from '../deployed/cdk.ts'

const APP = join(import.meta.dirname, 'cdk-app.ts')
const STACKS = ['Numbered']
const TEST_MS_MAX = 400_000

const endpoint = process.env['AWS_ENDPOINT_URL'] ?? ''
const folder = mkdtempSync(join(import.meta.dirname, '..', '..', '..', '.emulator', 'numbered-'))
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(() => bootstrap(endpoint), TEST_MS_MAX)

/** Synthesises the stack with a pipeline that shows this text. Gives the folder of the result. */
const synthesise = async (name: string, text: string): Promise<string> => {
  const entry = join(folder, 'pipeline.ts')
  const into = join(folder, name)
  writeFileSync(
    entry,
    [
      "import { seconds, stream } from 'millrace'",
      "export default stream('numbered', { batchInterval: seconds(60) }, (ssc) =>",
      `  ssc.sqsTextStream('lines').map((line) => line + '${text}').print())`,
    ].join('\n'),
  )
  await synthesiseApp(endpoint, APP, { MILLRACE_E2E_ENTRY: entry }, into)
  return into
}

const templateIn = (from: string): string =>
  readFileSync(join(from, 'Numbered.template.json'), 'utf8')

/** The numbers that the driver and the command line are told. */
const numbers = async (driver: string): Promise<readonly unknown[]> => {
  const { Environment } = await new LambdaClient(clientSettings()).send(
    new GetFunctionConfigurationCommand({ FunctionName: driver }),
  )
  const text = (await readParameter('/millrace/numbered')) ?? ''
  return [
    Number(Environment?.Variables?.['MILLRACE_GENERATION']),
    deploymentIn('numbered', text).generation,
  ]
}

test('deployed, deployed again, changed, rolled back', { timeout: TEST_MS_MAX }, async () => {
  const deployFrom = async (from: string): Promise<readonly unknown[]> => {
    const { Numbered = {} } = await deploy(endpoint, from, STACKS)
    return numbers(Numbered['TestDriver'] ?? '')
  }
  const first = await synthesise('first', 'a')
  expect(await deployFrom(first)).toEqual([1, 1])

  const again = await synthesise('again', 'a')
  expect(templateIn(again)).toBe(templateIn(first))
  expect(await diff(endpoint, again, STACKS)).toBe('none')
  expect(await deployFrom(again)).toEqual([1, 1])

  const changed = await synthesise('changed', 'b')
  expect(await diff(endpoint, changed, STACKS)).toBe('some')
  expect(await deployFrom(changed)).toEqual([2, 2])

  const back = await synthesise('back', 'a')
  expect(templateIn(back)).toBe(templateIn(first))
  expect(await deployFrom(back)).toEqual([3, 3])
})
