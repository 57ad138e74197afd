/** All kinds of sources. A line here registers a kind. */
import './files/kind.ts'
import './kinesis/kind.ts'
import './objects/kind.ts'
import './queue/kind.ts'
import './receiver/kind.ts'
import './socket/kind.ts'
import './sqs/kind.ts'
