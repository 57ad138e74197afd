/** What `millrace/http` exports: servers that are told by HTTP. */
import './kind.ts'

export { http, type HttpOptions } from './http.ts'
