import type { ErrorCode } from '../lib/base/errors.ts'

/** How the process can end; docs/cli.md and `millrace --help` show this table. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  batchFailed: 3,
  storeBusy: 4,
  storeUnusable: 5,
  interrupted: 130,
} as const

/** What each number means. */
export const exitTexts: readonly (readonly [code: number, text: string])[] = [
  [EXIT.ok, 'all went well, or it was stopped by Ctrl-C or SIGTERM'],
  [EXIT.unexpected, 'something unexpected: a bug'],
  [EXIT.usage, 'the command line, the module or a binding is not right; nothing has run'],
  [EXIT.batchFailed, 'a batch failed; it is kept, and tried again by the next run'],
  [EXIT.storeBusy, 'another process has the store'],
  [EXIT.storeUnusable, 'the store is full, cannot be used, is not there, or does not fit the pipeline'],
  [EXIT.interrupted, 'stopped at once by a second Ctrl-C'],
]

/** The end of the process for each error that ends it. */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  ARGUMENT_INVALID: EXIT.usage,
  BATCH_FAILED: EXIT.batchFailed,
  BINDING_INVALID: EXIT.usage,
  BINDING_CHANGED: EXIT.usage,
  BINDING_MISSING: EXIT.usage,
  BINDING_UNFIT: EXIT.usage,
  BINDING_UNKNOWN: EXIT.usage,
  COMMAND_REFUSED: EXIT.usage,
  DIRECTORY_MISSING: EXIT.usage,
  EVENT_INVALID: EXIT.unexpected,
  GENERATION_OLD: EXIT.storeBusy,
  INTERVAL_UNFIT: EXIT.usage,
  INVARIANT_BROKEN: EXIT.unexpected,
  ITEM_TOO_LARGE: EXIT.batchFailed,
  KEY_UNSUPPORTED: EXIT.batchFailed,
  LANE_FULL: EXIT.batchFailed,
  LINE_NOT_UTF8: EXIT.batchFailed,
  LINE_TOO_LONG: EXIT.batchFailed,
  MODULE_INVALID: EXIT.usage,
  MODULE_NOT_FOUND: EXIT.usage,
  MODULE_UNREADABLE: EXIT.usage,
  NODE_TOO_OLD: EXIT.usage,
  OBJECT_UNREADABLE: EXIT.batchFailed,
  OUTPUT_EXISTS: EXIT.batchFailed,
  OUTPUT_FAILED: EXIT.batchFailed,
  OUTPUT_FENCED: EXIT.batchFailed,
  PACKAGE_MISSING: EXIT.usage,
  PLAN_FROZEN: EXIT.usage,
  PLAN_INCOMPATIBLE: EXIT.storeUnusable,
  PLAN_NO_OUTPUT: EXIT.usage,
  POISON_BREAKER: EXIT.batchFailed,
  QUEUE_NOT_RECOVERABLE: EXIT.storeUnusable,
  SEGMENT_CORRUPT: EXIT.storeUnusable,
  SEGMENT_MISSING: EXIT.storeUnusable,
  STORE_BUSY: EXIT.storeBusy,
  STORE_FAILED: EXIT.storeUnusable,
  STORE_FULL: EXIT.storeUnusable,
  STORE_NOT_FOUND: EXIT.storeUnusable,
  STORE_UNREADABLE: EXIT.storeUnusable,
  USAGE: EXIT.usage,
  USER_FUNCTION_FAILED: EXIT.batchFailed,
  VALUE_UNSUPPORTED: EXIT.batchFailed,
}
