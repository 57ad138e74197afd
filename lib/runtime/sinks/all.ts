/** All kinds of sinks. A line here registers a kind. */
import './dynamodb/kind.ts'
import './files/kind.ts'
import './objects/kind.ts'
import './print/kind.ts'
