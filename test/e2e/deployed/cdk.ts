/** The command line of the CDK, as a process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from './settings.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const program = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk')
const RUN_MS_MAX = 120_000
const LINES_SHOWN = 30

/** The outputs of each stack, by its name. */
export type StackOutputs = Readonly<Record<string, Readonly<Record<string, string>>>>

const cdk = async (
  endpoint: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  cwd: string = root,
): Promise<void> => {
  const child = spawn(process.execPath, [program, ...args, '--no-notices', '--ci'], {
    cwd,
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS_MAX,
  })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => void printed.push(text))
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (exitCode !== 0)
    throw new Error(
      `cdk ${args.join(' ')} ended with ${signal ?? exitCode}:\n${lastLines(printed.join(''))}`,
    )
}

const lastLines = (text: string): string =>
  text.trimEnd().split('\n').slice(-LINES_SHOWN).join('\n')

/**
 * Prepares the account for deployments. Not in this project: there the CDK would first make the
 * templates of its example, and use none of them.
 */
export const bootstrap = (endpoint: string): Promise<void> =>
  cdk(endpoint, ['bootstrap', 'aws://000000000000/us-east-1'], {}, tmpdir())

/** Makes the templates and bundles of a program, into a folder. */
export const synthesiseApp = (
  endpoint: string,
  app: string,
  variables: Readonly<Record<string, string>>,
  into: string,
): Promise<void> =>
  cdk(
    endpoint,
    [
      'synth',
      '--all',
      '--quiet',
      '--output',
      into,
      '--app',
      `"${process.execPath}" --conditions=millrace-source ${app}`,
    ],
    variables,
  )

/** The same for the stacks of this folder. */
export const synthesise = (endpoint: string, settings: Settings, into: string): Promise<void> =>
  synthesiseApp(
    endpoint,
    'test/e2e/deployed/cdk-app.ts',
    { MILLRACE_E2E: JSON.stringify(settings) },
    into,
  )

/** Whether the synthesised stacks differ from what is deployed. */
export const diff = async (
  endpoint: string,
  from: string,
  stacks: readonly string[],
): Promise<'none' | 'some'> => {
  const args = ['diff', ...stacks, '--app', from, '--method', 'template', '--fail']
  return cdk(endpoint, args).then(
    () => 'none',
    (error: unknown) => {
      if (/ended with 1:[^]*Number of stacks with differences: [1-9]/.test(String(error)))
        return 'some'
      throw error
    },
  )
}

/** Deploys the synthesised stacks. Returns their outputs. */
export const deploy = async (
  endpoint: string,
  from: string,
  stacks: readonly string[],
): Promise<StackOutputs> => {
  const outputs = join(from, 'outputs.json')
  await cdk(endpoint, [
    'deploy',
    ...stacks,
    '--app',
    from,
    '--require-approval',
    'never',
    '--outputs-file',
    outputs,
  ])
  return JSON.parse(readFileSync(outputs, 'utf8')) as StackOutputs
}

/** Destroys what was deployed. */
export const destroy = (endpoint: string, from: string, stacks: readonly string[]): Promise<void> =>
  cdk(endpoint, ['destroy', ...stacks, '--app', from, '--force'])
