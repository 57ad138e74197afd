import { join } from 'node:path'
import { Application } from '../application.ts'
import { bootstrap, deploy, type StackOutputs, synthesise } from '../cdk.ts'
import { Results } from '../results.ts'
import type { World } from '../world.ts'
import type { Step } from './step.ts'

/** The stacks, by their names. */
export const STACKS = ['Millrace', 'Words']
const DRIVER_TIMEOUT_S = 8

/** The module of the first application. */
export const EXAMPLE: string = join(import.meta.dirname, '..', 'pipelines', 'clicks.ts')

/** Synthesises with a module as the pipeline and deploys. Each time is a new generation. */
export const deployPipeline = async ({ gates, folder }: World, name: string, entry = EXAMPLE): Promise<StackOutputs> => {
  const endpoints = { front: gates.front.endpoint, intake: gates.intake.endpoint, driver: gates.driver.endpoint }
  const settings = { endpoints, driverTimeoutS: DRIVER_TIMEOUT_S }
  const out = join(folder, name)
  await synthesise(gates.front.endpoint, { ...settings, entry }, out)
  return deploy(gates.front.endpoint, out, STACKS)
}

export const deploySteps: readonly Step[] = [
  {
    name: 'the example and a second application are deployed',
    async run(world) {
      await bootstrap(world.gates.front.endpoint)
      const outputs = await deployPipeline(world, 'first')
      const [clicks = {}, words = {}] = STACKS.map((stack) => outputs[stack])
      const app = new Application('clicks', clicks)
      world.deployed(app, new Results(app.output('TestResults'), 'totals'), new Application('word-count', words))
      return `${STACKS.length} stacks deployed, roles enforced`
    },
  },
]
