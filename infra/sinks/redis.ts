/** Servers of Redis as outputs. */
import { secretSink } from '../secret-sink.ts'
import { registerSinkKind } from './sink-kind.ts'

registerSinkKind(
  secretSink({
    name: 'redis',
    noun: 'Redis',
    holds: 'a URL such as rediss://USER:PASSWORD@HOST:PORT, or its parts as JSON',
    form: 'redis://NAME/KEY, by saveTo(redis(...))',
  }),
)
