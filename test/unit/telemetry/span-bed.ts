/** An SDK of OpenTelemetry in memory, and the spans that it has got. */
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'

/** The spans of a test, in the order in which they have begun. */
export class SpanBed {
  readonly #started: ReadableSpan[] = []
  readonly #exporter = new InMemorySpanExporter()
  /** How often the SDK was told to send all. */
  flushed = 0

  constructor() {
    const provider = new BasicTracerProvider({
      spanProcessors: [
        {
          onStart: (span) => void this.#started.push(span),
          onEnd: () => undefined,
          shutdown: async () => undefined,
          forceFlush: async () => void (this.flushed += 1),
        },
        new SimpleSpanProcessor(this.#exporter),
      ],
    })
    trace.setGlobalTracerProvider(provider)
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  }

  /** Takes the SDK away again. */
  close(): void {
    trace.disable()
    context.disable()
  }

  /** All spans. Each must have ended. */
  get spans(): readonly ReadableSpan[] {
    const open = this.#started.filter(({ ended }) => !ended).map(({ name }) => name)
    if (open.length > 0) throw new Error(`spans that never end: ${open.join()}`)
    if (this.#exporter.getFinishedSpans().length !== this.#started.length)
      throw new Error('a span was not sent')
    return this.#started
  }

  /** The spans of a name. */
  named(name: string): readonly ReadableSpan[] {
    return this.spans.filter((span) => span.name === name)
  }

  childrenOf(parent: ReadableSpan): readonly ReadableSpan[] {
    const { spanId } = parent.spanContext()
    return this.spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === spanId)
  }

  /** A span and what is below it, a line each. */
  treeOf(root: ReadableSpan, depth = 0): readonly string[] {
    const line = `${'  '.repeat(depth)}${root.name}`
    return [line, ...this.childrenOf(root).flatMap((child) => this.treeOf(child, depth + 1))]
  }
}
