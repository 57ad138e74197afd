/** Every kind of source. A new one is registered by its line here. */
import './files/kind.ts'
import './kinesis/kind.ts'
import './objects/kind.ts'
import './queue/kind.ts'
import './receiver/kind.ts'
import './socket/kind.ts'
import './sqs/kind.ts'
