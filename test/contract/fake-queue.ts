import type { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import { type QueueEntry, sendEntries } from '../../lib/adapters/aws/sqs-entries.ts'

/** What the queue answers: failures, or an error of this name. */
export interface Answer {
  readonly Failed?: readonly {
    readonly Id: string
    readonly Code: string
    readonly SenderFault: boolean
  }[]
  readonly error?: string
}

/** Sends entries to a queue that notes them and answers always the same. */
export const sendEntriesTo = (queueUrl: string, { Failed = [], error }: Answer = {}) => {
  const calls: unknown[] = []
  const client = {
    send: async ({ input }: SendMessageBatchCommand) => {
      calls.push(input.Entries)
      if (error !== undefined) throw Object.assign(new Error(error), { name: error })
      return { Failed }
    },
  } as unknown as Pick<SQSClient, 'send'>
  return {
    calls,
    send: <E extends QueueEntry>(entries: readonly E[]) => sendEntries(queueUrl, entries, client),
  }
}
