/** The words of a bill, for the command and for the page. */
import type { UsageKind } from '../lib/base/prices.ts'
import type { BillPart } from '../lib/runtime/operations/bill.ts'

/** What its kinds and its parts are called. */
export const BILL_NAMES: Readonly<Record<UsageKind | BillPart, string>> = {
  writeUnits: 'DynamoDB write units',
  readUnits: 'DynamoDB read units',
  objectWrites: 'S3 writes and listings',
  objectReads: 'S3 reads',
  queueRequests: 'SQS requests',
  invocations: 'Lambda requests',
  gigabyteSeconds: 'Lambda GB-seconds',
  logBytes: 'log bytes',
  scheduledCalls: 'scheduled calls',
  keyRequests: 'KMS requests',
  metricMonths: 'months of metrics',
  alarmMonths: 'months of alarms',
  tableGigabyteMonths: 'DynamoDB GB-months',
  objectGigabyteMonths: 'S3 GB-months',
  driver: 'driver and executors',
  intake: 'intake',
  storage: 'storage, estimated',
  standing: 'alarms, metrics, polling',
}

/** What no meter of the application sees. */
export const NOT_COUNTED =
  'starts of functions, the network, and what is your own, such as Kinesis streams'
