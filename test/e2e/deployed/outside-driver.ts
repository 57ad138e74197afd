/**
 * A driver that runs outside the emulator, as a process that can be stopped: the deployed bundle,
 * with the deployed function's variables.
 */
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Application, lambdaClient } from './application.ts'

interface Template {
  readonly Resources: Readonly<
    Record<
      string,
      {
        readonly Type: string
        readonly Properties: {
          readonly Handler?: string
          readonly Code?: { readonly S3Key: string }
        }
      }
    >
  >
}

/** Where the bundle of a synthesised stack lies. */
const bundleOf = (folder: string, stack: string): string => {
  const { Resources } = JSON.parse(
    readFileSync(join(folder, `${stack}.template.json`), 'utf8'),
  ) as Template
  const found = Object.values(Resources).find(
    ({ Type, Properties }) =>
      Type === 'AWS::Lambda::Function' && Properties.Handler === 'driver.handler',
  )
  return join(folder, `asset.${found?.Properties.Code?.S3Key.replace('.zip', '')}`)
}

/** One call of the driver, in a process of its own. */
export class OutsideDriver {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #said = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#closed = once(child, 'close')
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => void (this.#said += text))
  }

  /**
   * Calls the driver of an application. The call believes to have that much time, and its lease
   * ends with it and a margin.
   */
  static async call(
    { app, driver }: Application,
    place: {
      readonly folder: string
      readonly stack: string
      readonly endpoint: string
      readonly remainingMs: number
    },
  ): Promise<OutsideDriver> {
    const { Environment } = await lambdaClient().send(
      new GetFunctionConfigurationCommand({ FunctionName: driver }),
    )
    const script = [
      'import { handler } from ' +
        `${JSON.stringify(join(bundleOf(place.folder, place.stack), 'driver.mjs'))}`,
      `const endMs = Date.now() + ${place.remainingMs}`,
      `const body = ${JSON.stringify(JSON.stringify({ app }))}`,
      'await handler({ Records: [{ body }] }, { getRemainingTimeInMillis: () => endMs - ' +
        'Date.now() })',
    ]
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script.join('\n')], {
      // The rights of whoever tests, not those of the role: what is refused to this driver is
      // refused for its age.
      env: { ...process.env, ...Environment?.Variables, AWS_ENDPOINT_URL: place.endpoint },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new OutsideDriver(child)
  }

  /** It stands still, and does not know. */
  stop(): void {
    this.#child.kill('SIGSTOP')
  }

  /** It goes on, and ends. Gives what it has printed. */
  async goOn(): Promise<string> {
    this.#child.kill('SIGCONT')
    await this.#closed
    return this.#said
  }
}
