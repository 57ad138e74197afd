/**
 * The part of `@aws-sdk/client-dynamodb-streams` that is used. It is described here, and loaded by
 * its name, because few install it: whoever reads a table's stream on a machine of theirs.
 */
import { loadPackage } from '../../base/load-package.ts'
import { clientSettings } from './clients.ts'

/** A record of a stream, as the client gives it. */
export interface SdkRecord {
  readonly dynamodb?: {
    readonly ApproximateCreationDateTime?: Date
    readonly SequenceNumber?: string
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

/** The answers of the calls. */
export interface SdkAnswers {
  readonly ListStreamsCommand: {
    readonly LastEvaluatedStreamArn?: string
    readonly Streams?: readonly { readonly StreamArn?: string }[]
  }
  readonly DescribeStreamCommand: {
    readonly StreamDescription?: {
      /** `ENABLED`, `ENABLING`, `DISABLED` or `DISABLING`. */
      readonly StreamStatus?: string
      readonly LastEvaluatedShardId?: string
      readonly Shards?: readonly {
        readonly ShardId?: string
        readonly ParentShardId?: string
        readonly SequenceNumberRange?: { readonly EndingSequenceNumber?: string }
      }[]
    }
  }
  readonly GetShardIteratorCommand: { readonly ShardIterator?: string }
  readonly GetRecordsCommand: {
    readonly NextShardIterator?: string
    readonly Records?: readonly SdkRecord[]
  }
}

/** Makes calls. Errors: those of the SDK. */
export interface StreamCalls {
  call<C extends keyof SdkAnswers>(command: C, input: object): Promise<SdkAnswers[C]>
  destroy(): void
}

interface Client {
  send(command: object): Promise<unknown>
  destroy(): void
}

type Sdk = Readonly<Record<keyof SdkAnswers, new (input: object) => object>> & {
  readonly DynamoDBStreamsClient: new (settings: object) => Client
}

const PACKAGE: string = '@aws-sdk/client-dynamodb-streams'

/**
 * Loads the client.
 *
 * Errors: `PACKAGE_MISSING`.
 */
export const streamCalls = async (): Promise<StreamCalls> => {
  const sdk = await loadPackage(
    'The stream of a table',
    async () => (await import(PACKAGE)) as unknown as Sdk,
  )
  const client = new sdk.DynamoDBStreamsClient(clientSettings())
  return {
    call: async <C extends keyof SdkAnswers>(command: C, input: object) =>
      (await client.send(new sdk[command](input))) as SdkAnswers[C],
    destroy: () => client.destroy(),
  }
}
