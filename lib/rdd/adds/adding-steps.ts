/** The steps of a partition, so that accumulators find the place of each. */
import type { Step } from '../steps.ts'
import type { PutAdds } from './adds-table.ts'
import { callAt, PlaceAdds } from './place-adds.ts'

/** One evaluation of a partition. */
export interface AddingSteps {
  readonly steps: readonly Step[]
  /** See `PlaceAdds`: around each record, where a record may be bad. */
  begin(): void
  keep(): void
  drop(): void
  /** What was added counts: from so many records. */
  done(records: number): void
}

/** Undefined: no function of these steps can add anything. */
export const addingSteps = (steps: readonly Step[]): AddingSteps | undefined => {
  const places: (readonly [adds: PlaceAdds, table: PutAdds])[] = []
  const placed = steps.map((step) => {
    if (step.place === undefined) return step
    const adds = new PlaceAdds(step.place.name)
    places.push([adds, step.place.table])
    return withPlace(step, adds)
  })
  if (places.length === 0) return undefined
  const each = (call: 'begin' | 'keep' | 'drop'): void => {
    for (const [adds] of places) adds[call]()
  }
  return {
    steps: placed,
    begin: () => each('begin'),
    keep: () => each('keep'),
    drop: () => each('drop'),
    done(records) {
      for (const [adds, table] of places) {
        const one = adds.placed(records)
        if (one !== undefined) table.put(one)
      }
    },
  }
}

const withPlace = (step: Step, adds: PlaceAdds): Step => {
  const f = step.f as (element: unknown) => unknown
  const call = (element: unknown): unknown => callAt(adds, () => f(element))
  if (step.kind !== 'flatMap') return { ...step, f: call } as Step
  return { ...step, f: (element: unknown) => iteratedAt(adds, call(element)) } as Step
}

/** A lazy iterable runs code of the user while it is iterated: this code has its place too. */
const iteratedAt = (adds: PlaceAdds, all: unknown): unknown =>
  Array.isArray(all) ||
  typeof (all as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function'
    ? all
    : elementsAt(adds, all as Iterable<unknown>)

function* elementsAt(adds: PlaceAdds, all: Iterable<unknown>): Generator<unknown> {
  const iterator = callAt(adds, () => all[Symbol.iterator]())
  for (;;) {
    const next = callAt(adds, () => iterator.next())
    if (next.done === true) return
    yield next.value
  }
}
