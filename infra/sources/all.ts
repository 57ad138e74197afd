/** Every kind of source that can be deployed. A new one is registered by its line here. */
import './dynamodb-stream.ts'
import './http.ts'
import './kafka.ts'
import './kinesis.ts'
import './local-only.ts'
import './objects.ts'
import './sqs.ts'
