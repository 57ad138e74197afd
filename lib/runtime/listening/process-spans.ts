/** Spans of processes that work for batches and run none: executors and intake. */
import { type SpanStart, tracerOf, type TraceSpan } from '../../dstream/listening/tracer.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'

/** Whose spans these are. */
export interface SpanParts {
  readonly plan: Pick<Plan, 'listeners'>
  readonly clock: Clock
}

/** The longest time that a function waits until its spans are sent. */
const FLUSH_MS_MAX = 2_000

/** Runs a call in a span. Without a listener that wants it, it only runs. */
export const inSpan = async <T>(
  { plan, clock }: SpanParts,
  name: string,
  start: () => Omit<SpanStart, 'startMs'>,
  run: (span?: TraceSpan) => Promise<T>,
): Promise<T> => {
  const load = tracerOf(plan.listeners)
  if (load === undefined) return run()
  const tracer = await load()
  const span = tracer.start(name, { ...start(), startMs: clock.now() })
  try {
    const result = await span.within(() => run(span))
    span.end(clock.now())
    return result
  } catch (error) {
    span.end(clock.now(), { thrown: error })
    throw error
  }
}

/** Sends spans that have ended, before a function answers and is frozen. Never rejects. */
export const flushSpans = async (
  { plan, clock }: SpanParts,
  limitMs: number = FLUSH_MS_MAX,
): Promise<void> => {
  const load = tracerOf(plan.listeners)
  if (load === undefined) return
  const flushed = load().then(
    (tracer) => tracer.flush(),
    () => undefined,
  )
  const ending = new AbortController()
  await Promise.race([flushed, clock.sleep(limitMs, ending.signal)])
  ending.abort()
}
