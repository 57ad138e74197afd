/** How tests feed each kind of source. A new one is registered by its line here. */
import './dynamodb-stream.ts'
import './files.ts'
import './http.ts'
import './kafka.ts'
import './kinesis.ts'
import './mqtt.ts'
import './queue.ts'
import './sqs.ts'
