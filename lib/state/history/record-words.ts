/**
 * Words that occur in most records of the history. The compressor begins with them, so a small
 * record need not contain them. This text belongs to form 1, and never changes: what was written
 * with it could not be read any more.
 */
export const RECORD_WORDS: string = [
  '"code":"BATCH_FAILED","message":"USER_FUNCTION_FAILED","operator":"foreachRDD-1",',
  '"declaredAt":".ts:","thrownAt":"isFinal":true,"held":"cut":{"names":,"lanes":,"skippedTimes":',
  '{"startedMs":17,"generation":1,"plan":"","sources":[{"id":"kinesisTextStream-1","objects":0,',
  '"records":0,"bytes":0,"appends":1,"lanes":[{"lane":"shardId-000000000000","first":"4967",',
  '"last":"4967","records":,"lagMs":}],"names":["","waiting":{"objects":0,"records":0,"bytes":0}}],',
  '"outputs":[{"id":"print-1","startMs":0,"ms":0,"error":""},{"id":"foreachRDD-1","startMs":',
  '"id":"saveAsTextFiles-1","startMs":}],"stages":[{"node":"reduceByKey-1","side":"exchange",',
  '"tasks":1,"startMs":0,"ms":0,"executors":{"0":1}},{"node":"map-1","side":"map","tasks":1,',
  '{"node":"print-1","side":"result","tasks":1,"startMs":,"ms":},"side":"write","side":"state",',
  '"states":[{"id":"updateStateByKey-1","bytes":,"segments":1,"growth":0,"expired":}],',
  '"codes":{"USER_FUNCTION_FAILED":1,"LINE_NOT_UTF8":1,"JSON_INVALID":1},',
  '"usage":{"readUnits":,"writeUnits":,"objectWrites":,"objectReads":,"queueRequests":,',
  '"invocations":1,"gigabyteSeconds":0.}}',
].join('')
