/** What `millrace/sqlite` exports: tables in a file of SQLite as outputs. */
import './kind.ts'

export { sqlite } from './sqlite.ts'
