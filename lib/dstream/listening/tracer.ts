/**
 * Spans of batches, for a listener that wants them: `openTelemetry()`. The engine knows only these
 * interfaces. Without such a listener, nothing of it runs.
 */
import type { StreamingListener } from './streaming-listener.ts'

/** What is known of a span. */
export type SpanFacts = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** How a span begins. Times are epoch milliseconds. */
export interface SpanStart {
  readonly startMs: number
  readonly facts?: SpanFacts
  /** The span that it is a part of. Left out: what is active in this process, or nothing. */
  readonly parent?: TraceSpan | undefined
  /** The span of another process that it is a part of, as W3C Trace Context has it. */
  readonly traceparent?: string | undefined
  /** A span that it follows, as `traceparent`. */
  readonly follows?: string | undefined
  /** Whether it takes messages, calls another process, or is called by one. Default: neither. */
  readonly kind?: 'consumer' | 'client' | 'server'
}

/** A span that runs. */
export interface TraceSpan {
  /** For another process. Undefined: nobody records it. */
  readonly traceparent: string | undefined
  add(facts: SpanFacts): void
  /** Runs a call so that what others trace meanwhile becomes a part of it. */
  within<T>(call: () => T): T
  /** `error`: what it failed with. Left out: it has not. */
  end(endMs: number, error?: { readonly thrown: unknown; readonly code?: string }): void
}

/** Makes spans. None of its methods throws. */
export interface Tracer {
  start(name: string, start: SpanStart): TraceSpan
  /** Sends what has ended. Never rejects. */
  flush(): Promise<void>
}

/** Loads a tracer, once in a process. Errors: `PACKAGE_MISSING`. */
export type LoadTracer = () => Promise<Tracer>

/** Where a listener has its tracer. */
export const TRACER: unique symbol = Symbol.for('millrace.tracer')

/** A listener that gets spans. */
export interface TracingListener extends StreamingListener {
  readonly [TRACER]: LoadTracer
}

/** The tracer of the first listener that has one. */
export const tracerOf = (
  listeners: ReadonlySet<StreamingListener> | undefined,
): LoadTracer | undefined => {
  for (const listener of listeners ?? []) {
    const tracer = (listener as Partial<TracingListener>)[TRACER]
    if (tracer !== undefined) return tracer
  }
  return undefined
}
