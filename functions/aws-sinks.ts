/** The sinks on AWS. Intake writes no outputs, and so does not contain this file. */
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import type { SinkPorts } from '../lib/runtime/sinks/sink-ports.ts'

/** The ports of the sinks. A client is loaded when an output first needs it. */
export const awsSinks: SinkPorts = {
  connections: { clock: systemClock() },
  dynamodb: async (table) =>
    (await import('../lib/adapters/aws/dynamodb-table-sink.ts')).dynamodbTableSink({ table }),
  objects: async (bucket) => (await import('../lib/adapters/aws/s3-sink.ts')).s3Sink({ bucket }),
}
