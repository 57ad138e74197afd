import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda'
import { expect } from 'vitest'
import { type Application, lambdaClient } from '../application.ts'
import { appends } from '../calls.ts'
import { sayCounts } from '../world.ts'
import type { Step } from './step.ts'

const streamMapping = async ({ intake }: Application) => {
  const { EventSourceMappings = [] } = await lambdaClient().send(
    new ListEventSourceMappingsCommand({ FunctionName: intake }),
  )
  return EventSourceMappings.find(({ EventSourceArn }) => EventSourceArn?.includes(':kinesis:'))
}

/** Deletes the mapping of the stream, no matter how it was created. */
export const deleteMapping = async (
  clicks: Application,
): Promise<Awaited<ReturnType<typeof streamMapping>>> => {
  const mapping = await streamMapping(clicks)
  await lambdaClient().send(new DeleteEventSourceMappingCommand({ UUID: mapping?.UUID }))
  return mapping
}

export const mappingSteps: readonly Step[] = [
  {
    name:
      'a new event source mapping delivers the whole stream again, and no record counts a ' +
      'second time',
    async run(world) {
      const { clicks, model, gates } = world
      const { EventSourceArn, BatchSize, MaximumRetryAttempts } =
        (await deleteMapping(clicks)) ?? {}
      const settings = {
        EventSourceArn,
        BatchSize,
        MaximumRetryAttempts,
        StartingPosition: 'TRIM_HORIZON',
      } as const
      await lambdaClient().send(
        new CreateEventSourceMappingCommand({ FunctionName: clicks.intake, ...settings }),
      )
      // After everything in its shard: when these are counted, everything before has been delivered
      // again.
      const appended = gates.intake.count(appends(clicks.app))
      const before = world.records
      await world.send('after the repeated records', 100)
      const counts = await world.settled()
      expect(counts).toEqual({ counted: model.size, lost: 0, twice: 0 })
      return (
        `${before.toLocaleString('en')} records came again, ${appended()} appends for the 100 ` +
        `new ones: ${sayCounts(counts)}`
      )
    },
  },
]
