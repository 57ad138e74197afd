/**
 * A driver that runs outside the emulator, as a process that can be stopped. It runs the deployed
 * bundle with the deployed function's variables.
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

/** The folder of a synthesised stack's bundle. */
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
   * Calls the driver of an application. `remainingMs` is the time that the call believes to have
   * left; its lease ends after this time and a margin.
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
      // The rights of the test process, not of the role. So when this driver is refused, the reason
      // is its age.
      env: { ...process.env, ...Environment?.Variables, AWS_ENDPOINT_URL: place.endpoint },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new OutsideDriver(child)
  }

  /** Stops the process without its knowledge. */
  stop(): void {
    this.#child.kill('SIGSTOP')
  }

  /** Lets the process go on until it ends. Returns what it has printed. */
  async goOn(): Promise<string> {
    this.#child.kill('SIGCONT')
    await this.#closed
    return this.#said
  }
}
