import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { clientSettings, once, unlogged } from './clients.ts'
import { callWithEntries, type EntriesAnswer, refusalsOf } from './entries.ts'

/** An event for a bus. */
export interface BusEntry {
  readonly source: string
  readonly detailType: string
  /** A JSON object. */
  readonly detail: string
  /** Epoch milliseconds. Left out: when EventBridge takes it. */
  readonly timeMs?: number
  readonly resources?: readonly string[]
}

/** The client of EventBridge of this process. */
export const eventBridgeClient: () => EventBridgeClient = once(() =>
  unlogged(new EventBridgeClient(clientSettings())),
)

/** Codes of events that are wrong, or not allowed. The others pass. */
const FAULT = /^(Malformed|Invalid|AccessDenied|NotAuthorized|ResourceNotFound|Redaction)/

/**
 * Puts at most 10 events.
 *
 * @param bus The name of the bus, or its ARN.
 * @throws MillraceError `OUTPUT_FAILED` when trying again cannot help.
 */
export const putEvents = async <E extends BusEntry>(
  bus: string,
  entries: readonly E[],
  client: Pick<EventBridgeClient, 'send'> = eventBridgeClient(),
): Promise<EntriesAnswer<E>> => {
  const where = { noun: 'event bus', place: bus, action: 'events:PutEvents' }
  const command = new PutEventsCommand({
    Entries: entries.map(({ source, detailType, detail, timeMs, resources }) => ({
      EventBusName: bus,
      Source: source,
      DetailType: detailType,
      Detail: detail,
      ...(timeMs === undefined ? {} : { Time: new Date(timeMs) }),
      ...(resources === undefined ? {} : { Resources: [...resources] }),
    })),
  })
  return callWithEntries(entries, where, async () =>
    refusalsOf((await client.send(command)).Entries, FAULT),
  )
}
