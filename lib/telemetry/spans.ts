/** The spans of {@link openTelemetry}. It is loaded when the first one begins, with the API. */
import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type TracerProvider,
} from '@opentelemetry/api'
import { placeOf } from '../base/error-places.ts'
import { errorText } from '../base/error-text.ts'
import { codeOf, isMillraceError } from '../base/errors.ts'
import {
  type SpanFacts,
  type SpanStart,
  type Tracer,
  type TraceSpan,
} from '../dstream/listening/tracer.ts'

const SCOPE = 'millrace'
const KINDS = { consumer: SpanKind.CONSUMER, client: SpanKind.CLIENT, server: SpanKind.SERVER }
/** `traceparent` of W3C Trace Context: version, trace, span, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Makes spans with the API of OpenTelemetry. An SDK must take them. */
export class OpenTelemetryTracer implements Tracer {
  start(name: string, { kind, facts, startMs, follows, ...from }: SpanStart): TraceSpan {
    const within = parentOf(from)
    const options = {
      startTime: startMs,
      kind: kind === undefined ? SpanKind.INTERNAL : KINDS[kind],
      attributes: attributesOf(facts),
      links: linksOf(follows),
    }
    // The provider may be registered later than this listener.
    const span = trace.getTracer(SCOPE).startSpan(name, options, within)
    return new OpenTelemetrySpan(span, trace.setSpan(within, span))
  }

  async flush(): Promise<void> {
    try {
      await flushingOf(trace.getTracerProvider())?.forceFlush()
    } catch {
      // Nothing depends on traces. The SDK reports what it cannot send.
    }
  }
}

class OpenTelemetrySpan implements TraceSpan {
  readonly #span: Span
  /** In which it is active. */
  readonly context: Context

  constructor(span: Span, within: Context) {
    this.#span = span
    this.context = within
  }

  get traceparent(): string | undefined {
    const { traceId, spanId, traceFlags } = this.#span.spanContext()
    const text = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
    return contextOf(text) === undefined ? undefined : text
  }

  add(facts: SpanFacts): void {
    this.#span.setAttributes(attributesOf(facts))
  }

  within<T>(call: () => T): T {
    return context.with(this.context, call)
  }

  end(endMs: number, error?: { readonly thrown: unknown; readonly code?: string }): void {
    if (error !== undefined) this.#failed(endMs, error)
    this.#span.end(endMs)
  }

  #failed(endMs: number, { thrown, code }: { readonly thrown: unknown; readonly code?: string }) {
    const message = errorText(thrown)
    const type = code ?? codeOf(thrown, 'USER_FUNCTION_FAILED')
    // What was thrown may be anything, with getters that throw: its text and its place are enough.
    const place = placeOf(isMillraceError(thrown) ? (thrown.cause ?? thrown) : thrown)
    this.#span.recordException(
      {
        name: type,
        message,
        ...(place === undefined ? {} : { stack: `${message}\n    at ${place}` }),
      },
      endMs,
    )
    this.#span.setAttribute('error.type', type)
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message })
  }
}

const parentOf = ({ parent, traceparent }: Pick<SpanStart, 'parent' | 'traceparent'>): Context => {
  if (parent instanceof OpenTelemetrySpan) return parent.context
  const remote = traceparent === undefined ? undefined : contextOf(traceparent)
  const active = context.active()
  return remote === undefined ? active : trace.setSpanContext(active, remote)
}

const linksOf = (follows: string | undefined): Link[] => {
  const linked = follows === undefined ? undefined : contextOf(follows)
  return linked === undefined ? [] : [{ context: linked }]
}

/** Undefined: it is none. */
const contextOf = (traceparent: string): SpanContext | undefined => {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent) ?? []
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return trace.isSpanContextValid(found) ? found : undefined
}

const attributesOf = (facts: SpanFacts = {}): Attributes =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === 'object' ? [...value] : value,
    ]),
  )

/** The provider that is registered is behind one that the API hands out. */
const flushingOf = (provider: TracerProvider): { forceFlush(): Promise<void> } | undefined => {
  const { getDelegate } = provider as { getDelegate?: () => TracerProvider }
  const real = getDelegate === undefined ? provider : getDelegate.call(provider)
  return 'forceFlush' in real ? (real as unknown as { forceFlush(): Promise<void> }) : undefined
}
