/** What `millrace/postgres` exports: tables of PostgreSQL as outputs. */
import './kind.ts'

export { postgres } from './postgres.ts'
