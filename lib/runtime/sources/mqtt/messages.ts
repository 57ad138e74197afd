/** From a message of MQTT to what a lane holds. */
import { hash } from 'node:crypto'
import { LINE_BYTES_MAX } from '../../../formats/text-lines.ts'
import {
  type MqttDeclaration,
  MQTT_RECORDS,
  type MqttRecord,
} from '../../../dstream/sources/mqtt.ts'
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { BrokerMessage } from '../../../ports/message-broker.ts'
import type { RejectedRecord } from '../../../ports/receiver.ts'
import type { LaneMessage } from '../lanes/message-reader.ts'

/** A message for the lane, or one that cannot be used. */
export type Taken =
  | { readonly record: LaneMessage; readonly idFailure?: string }
  | { readonly rejected: Omit<RejectedRecord, 'index'> }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const FIRST_BYTES = 1_000
/** It becomes part of a key of the store. */
const SHORT_ID = /^[\x21-\x7e]{1,128}$/

const reject = (code: RejectedRecord['code'], payload: Uint8Array): Taken => ({
  rejected: { code, data: payload.slice(0, FIRST_BYTES), sizeBytes: payload.byteLength },
})

const textOf = (payload: Uint8Array): string | undefined => {
  try {
    return utf8.decode(payload)
  } catch {
    return undefined
  }
}

/** Plain bytes of their own: the client's would keep all that came with them. */
const recordOf = ({ payload, ...message }: BrokerMessage): MqttRecord => ({
  ...message,
  payload: Uint8Array.from(payload),
})

/** The text of an id. Undefined: there is none. */
const idIn = (id: unknown): string | undefined => {
  if (id === undefined) return undefined
  if (typeof id !== 'string' || id === '') throw new TypeError(`an id is a text, not ${String(id)}`)
  return SHORT_ID.test(id) ? id : hash('sha256', id)
}

/** What a message becomes. An id that cannot be made is told, and the message counts. */
export const takenOf = (declared: SourceDeclaration, message: BrokerMessage): Taken => {
  const { elements, id: idOf } = declared as MqttDeclaration
  const { payload } = message
  if (payload.byteLength > LINE_BYTES_MAX) return reject('LINE_TOO_LONG', payload)
  const body = elements === MQTT_RECORDS ? recordOf(message) : textOf(payload)
  if (body === undefined) return reject('LINE_NOT_UTF8', payload)
  if (idOf === undefined) return { record: { body } }
  try {
    const id = idIn(idOf(recordOf(message)))
    return { record: { body, ...(id === undefined ? {} : { id }) } }
  } catch (error) {
    return { record: { body }, idFailure: error instanceof Error ? error.message : String(error) }
  }
}
