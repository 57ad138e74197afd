/** What `millrace/opentelemetry` exports. It needs the package `@opentelemetry/api`. */
export { openTelemetry } from './opentelemetry.ts'
