/** Every kind of sink that can be deployed. A new one is registered by its line here. */
import './dynamodb.ts'
import './http.ts'
import './items.ts'
import './objects.ts'
import './postgres.ts'
import './redis.ts'
import './sqs.ts'
