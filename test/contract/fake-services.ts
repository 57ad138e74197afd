import type { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import type { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import type { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns'
import { putEvents } from '../../lib/adapters/aws/eventbridge-entries.ts'
import { putRecords } from '../../lib/adapters/aws/kinesis-entries.ts'
import { publishEntries } from '../../lib/adapters/aws/sns-entries.ts'
import type { Clock } from '../../lib/ports/clock.ts'
import type { Sink } from '../../lib/ports/sink.ts'
import type { Message } from '../../lib/rdd/sink-declaration.ts'
import { eventSender } from '../../lib/sinks/eventbridge/event-sender.ts'
import type { BusEvent } from '../../lib/sinks/eventbridge/eventbridge.ts'
import { recordSender } from '../../lib/sinks/kinesis/record-sender.ts'
import { messageSink } from '../../lib/sinks/messages/message-sink.ts'
import type { TopicMessage } from '../../lib/sinks/sns/sns.ts'
import { topicSender } from '../../lib/sinks/sns/topic-sender.ts'

/** What a service answers to one entry: taken, or the code why not. */
export type Verdict = string | undefined

/** Decides on the entry of a number in a call. Throws: the whole call fails. */
export type Judge = (text: string, index: number, call: number) => Verdict

/** A service that keeps what it takes, and checks its own limits. */
export interface FakeService {
  /** The texts of each call, taken or not. */
  readonly calls: (readonly string[])[]
  /** What was taken, in order, as the service was given it. */
  readonly taken: Record<string, unknown>[]
  /** The bytes of each call, as the service counts them. */
  readonly bytes: number[]
  /** How many calls ran at the same time at most. */
  atOnceMax: number
}

/** A fake, and a sink of it. */
export interface Faked<M extends Message> {
  readonly service: FakeService
  readonly sink: Sink<readonly M[]>
}

const impatient: Clock = { now: () => 0, sleep: async () => undefined }

const takesAll: Judge = () => undefined

/** An error of a service. */
export const failure = (name: string): Error => Object.assign(new Error(name), { name })

const lengthOf = (value: unknown): number =>
  value === undefined ? 0 : Buffer.byteLength(value as string)

interface Entry {
  readonly text: string
  readonly bytes: number
  readonly given: Record<string, unknown>
}

/** Takes entries of a call one by one, and gives the verdicts. */
const serve = (judge: Judge) => {
  const service: FakeService = { calls: [], taken: [], bytes: [], atOnceMax: 0 }
  let running = 0
  const call = async (entries: readonly Entry[]): Promise<readonly Verdict[]> => {
    running += 1
    service.atOnceMax = Math.max(service.atOnceMax, running)
    await new Promise((resolve) => void setImmediate(resolve))
    running -= 1
    service.calls.push(entries.map(({ text }) => text))
    service.bytes.push(entries.reduce((sum, { bytes }) => sum + bytes, 0))
    return entries.map(({ text, given }, index) => {
      const verdict = judge(text, index, service.calls.length)
      if (verdict === undefined) service.taken.push(given)
      return verdict
    })
  }
  return { service, call }
}

const attributeBytes = (given: object): number =>
  Object.entries(given as Record<string, { DataType: string; StringValue: string }>).reduce(
    (sum, [name, { DataType, StringValue }]) =>
      sum + name.length + DataType.length + lengthOf(StringValue),
    0,
  )

/** A topic. Its refusals come in no order, as the service may give them. */
export const fakeTopic = (topicArn: string, judge: Judge = takesAll): Faked<TopicMessage> => {
  const { service, call } = serve(judge)
  const client = {
    send: async ({ input: { PublishBatchRequestEntries: all = [] } }: PublishBatchCommand) => {
      const verdicts = await call(
        all.map((entry) => ({
          text: entry.Message ?? '',
          bytes:
            lengthOf(entry.Message) +
            lengthOf(entry.Subject) +
            attributeBytes(entry.MessageAttributes ?? {}),
          given: entry as unknown as Record<string, unknown>,
        })),
      )
      const Failed = verdicts.flatMap((Code, index) =>
        Code === undefined
          ? []
          : [{ Id: all[index]?.Id, Code, SenderFault: !Code.startsWith('Int') }],
      )
      return { Failed: Failed.toReversed() }
    },
  } as unknown as Pick<SNSClient, 'send'>
  const sender = topicSender(topicArn, (arn, chunk) => publishEntries(arn, chunk, client))
  return { service, sink: messageSink(impatient, sender) }
}

/** An event bus. */
export const fakeBus = (bus: string, judge: Judge = takesAll): Faked<BusEvent> => {
  const { service, call } = serve(judge)
  const client = {
    send: async ({ input: { Entries: all = [] } }: PutEventsCommand) => {
      const verdicts = await call(
        all.map((entry) => ({
          text: entry.Detail ?? '',
          bytes:
            lengthOf(entry.Detail) +
            lengthOf(entry.Source) +
            lengthOf(entry.DetailType) +
            (entry.Resources ?? []).reduce((sum, one) => sum + lengthOf(one), 0) +
            (entry.Time === undefined ? 0 : 14),
          given: entry as unknown as Record<string, unknown>,
        })),
      )
      const Entries = verdicts.map((ErrorCode) =>
        ErrorCode === undefined ? { EventId: 'e' } : { ErrorCode, ErrorMessage: ErrorCode },
      )
      return { Entries, FailedEntryCount: Entries.length }
    },
  } as unknown as Pick<EventBridgeClient, 'send'>
  const sender = eventSender(bus, (name, chunk) => putEvents(name, chunk, client))
  return { service, sink: messageSink(impatient, sender) }
}

/** A stream. */
export const fakeStream = (stream: string, judge: Judge = takesAll): Faked<Message> => {
  const { service, call } = serve(judge)
  const client = {
    send: async ({ input }: PutRecordsCommand) => {
      const { Records: all = [], StreamARN, StreamName } = input
      const verdicts = await call(
        all.map(({ Data = new Uint8Array(), PartitionKey }) => {
          const text = Buffer.from(Data).toString()
          const bytes = Data.length + lengthOf(PartitionKey)
          return { text, bytes, given: { text, PartitionKey, stream: StreamARN ?? StreamName } }
        }),
      )
      const Records = verdicts.map((ErrorCode) =>
        ErrorCode === undefined ? { SequenceNumber: '1' } : { ErrorCode, ErrorMessage: ErrorCode },
      )
      return { Records }
    },
  } as unknown as Pick<KinesisClient, 'send'>
  const sender = recordSender(stream, (name, chunk) => putRecords(name, chunk, client))
  return { service, sink: messageSink(impatient, sender) }
}
