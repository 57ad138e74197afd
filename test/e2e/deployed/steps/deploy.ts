import { join } from 'node:path'
import { Application } from '../application.ts'
import { bootstrap, deploy, type StackOutputs, synthesise } from '../cdk.ts'
import { Results } from '../results.ts'
import type { World } from '../world.ts'
import type { Step } from './step.ts'

/** The stacks, by their names. */
export const STACKS = ['Millrace', 'Words']
const DRIVER_TIMEOUT_S = 8

/** The module of the pipeline in the example's stack. */
export const EXAMPLE: string = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  '..',
  'examples',
  'clicks.ts',
)

/** Synthesises the stacks with a module as the pipeline. */
export const prepare = async (
  { gates, folder }: World,
  name: string,
  entry = EXAMPLE,
): Promise<void> => {
  const endpoints = {
    front: gates.front.endpoint,
    intake: gates.intake.endpoint,
    driver: gates.driver.endpoint,
  }
  await synthesise(
    gates.front.endpoint,
    { entry, endpoints, driverTimeoutS: DRIVER_TIMEOUT_S },
    join(folder, name),
  )
}

/** Deploys the stacks that were prepared under a name. */
export const deployPrepared = ({ gates, folder }: World, name: string): Promise<StackOutputs> =>
  deploy(gates.front.endpoint, join(folder, name), STACKS)

export const deploySteps: readonly Step[] = [
  {
    name: 'the example and a second application are deployed',
    async run(world) {
      await bootstrap(world.gates.front.endpoint)
      await prepare(world, 'first')
      const outputs = await deployPrepared(world, 'first')
      const [clicks = {}, words = {}] = STACKS.map((stack) => outputs[stack])
      const app = new Application('clicks', clicks)
      world.deployed(
        app,
        new Results(app.output('TestResults'), 'totals'),
        new Application('word-count', words),
      )
      return `${STACKS.length} stacks deployed, roles enforced`
    },
  },
]
