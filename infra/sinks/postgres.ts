/** Databases of PostgreSQL as outputs. */
import { secretSink } from '../secret-sink.ts'
import { registerSinkKind } from './sink-kind.ts'

registerSinkKind(
  secretSink({
    name: 'postgres',
    noun: 'PostgreSQL',
    holds: 'a connection string, or what Amazon RDS writes into one',
    form: 'postgres://NAME/TABLE, by saveTo(postgres(...))',
  }),
)
