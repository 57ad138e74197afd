/** Every kind of source that pipelines can declare. A new kind is registered by a line here. */
import './files.ts'
import './kinesis.ts'
import './queue.ts'
import './receiver.ts'
import './socket.ts'
import './sqs.ts'
import './stream-source.ts'
