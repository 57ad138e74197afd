/**
 * Unpacks records that the Kinesis Producer Library has packed into one
 * (docs/internals/decisions/0011-kpl.md).
 *
 *   F3 89 9A C2 | a protobuf message | MD5 of the message
 *
 *   message AggregatedRecord {
 *     repeated string partition_key_table = 1;
 *     repeated string explicit_hash_key_table = 2;
 *     repeated Record records = 3;
 *   }
 *   message Record {
 *     required uint64 partition_key_index = 1;
 *     optional uint64 explicit_hash_key_index = 2;
 *     required bytes data = 3;
 *     ...
 *   }
 */
import { createHash } from 'node:crypto'
import { protobufFields } from './protobuf.ts'
import { USER_RECORDS_MAX } from './positions.ts'

/** A record as a producer has put it, before it was packed with others. */
export interface UserRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
}

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2])
const DIGEST_BYTES = 16

/**
 * The user records of an aggregated record, in order. Undefined if the bytes are not an aggregate,
 * or a broken one. The caller then takes the record as it is, so that nothing is lost.
 */
export const userRecords = (data: Uint8Array): readonly UserRecord[] | undefined => {
  const message = messageIn(data)
  if (message === undefined) return undefined
  const fields = protobufFields(message)
  if (fields === undefined) return undefined
  const keys: string[] = []
  const packed: Uint8Array[] = []
  for (const { number, value } of fields) {
    if (typeof value !== 'object') continue
    if (number === 1) keys.push(Buffer.from(value).toString('utf8'))
    if (number === 3) packed.push(value)
  }
  if (packed.length > USER_RECORDS_MAX) return undefined
  const records = packed.map((bytes) => userRecord(bytes, keys))
  return records.every((record) => record !== undefined) ? records : undefined
}

/** The message between the magic number and its digest. */
const messageIn = (data: Uint8Array): Uint8Array | undefined => {
  if (
    data.byteLength < MAGIC.byteLength + DIGEST_BYTES ||
    !MAGIC.equals(data.subarray(0, MAGIC.byteLength))
  )
    return undefined
  const message = data.subarray(MAGIC.byteLength, -DIGEST_BYTES)
  const digest = createHash('md5').update(message).digest()
  return digest.equals(data.subarray(-DIGEST_BYTES)) ? message : undefined
}

const userRecord = (bytes: Uint8Array, keys: readonly string[]): UserRecord | undefined => {
  const fields = protobufFields(bytes)
  const index = fields?.findLast(({ number }) => number === 1)?.value
  const data = fields?.findLast(({ number }) => number === 3)?.value
  const partitionKey = typeof index === 'bigint' ? keys[Number(index)] : undefined
  return partitionKey !== undefined && typeof data === 'object' ? { partitionKey, data } : undefined
}
