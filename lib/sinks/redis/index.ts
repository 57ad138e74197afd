/** What `millrace/redis` exports: keys and sorted sets of Redis. */
import './kind.ts'

export { redis, redisSortedSet, type RedisOptions } from './redis.ts'
