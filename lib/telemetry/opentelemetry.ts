/** Spans of batches for OpenTelemetry. An SDK must take them: without one, nothing happens. */
import { loadPackage } from '../base/load-package.ts'
import type { StreamingListener } from '../dstream/listening/streaming-listener.ts'
import { TRACER, type Tracer, type TracingListener } from '../dstream/listening/tracer.ts'

/**
 * A listener that makes spans of each attempt at a batch: a root, and below it what is allocated,
 * logged, computed and committed, with stages, outputs and the tasks of executors. Executors
 * continue the trace in their own process, and intake makes a span of each event. What other
 * instrumentations trace meanwhile, such as calls of the AWS SDK, becomes a part of the span.
 *
 * Nothing is sent by it: register an SDK of OpenTelemetry, in `millrace run` by
 * `NODE_OPTIONS='--import ./tracing.mjs'`, on AWS by a layer. Functions send what has ended before
 * they answer, and wait for at most 2 s. See "Traces" in docs/monitoring.md for names and
 * attributes. Needs the package `@opentelemetry/api`; without it, a run and an invocation reject
 * with `PACKAGE_MISSING`.
 *
 * @example
 * ```ts
 * ssc.addStreamingListener(openTelemetry())
 * ```
 */
export const openTelemetry = (): StreamingListener => {
  let loading: Promise<Tracer> | undefined
  const listener: TracingListener = {
    [TRACER]: () =>
      (loading ??= loadPackage('openTelemetry()', () => import('./spans.ts')).then(
        ({ OpenTelemetryTracer }) => new OpenTelemetryTracer(),
      )),
  }
  return listener
}
