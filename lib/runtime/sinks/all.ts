/** Every kind of sink. A new one is registered by its line here. */
import './dynamodb/kind.ts'
import './files/kind.ts'
import './objects/kind.ts'
import './print/kind.ts'
