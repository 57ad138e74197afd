/** The narrow operators of a partition as functions, fused into one pass. */
import { ignoreRejections, isPromise, refusePromise } from '../base/promises.ts'
import type { StepPlace } from './adds/place-adds.ts'

/** One narrow operator. `label` is the id of its node and names it in errors. */
export type Step = { readonly place?: StepPlace } & StepFunction

type StepFunction =
  | { readonly kind: 'map'; readonly label: string; readonly f: (element: never) => unknown }
  | { readonly kind: 'filter'; readonly label: string; readonly f: (element: never) => boolean }
  | {
      readonly kind: 'flatMap'
      readonly label: string
      readonly f: (element: never) => Iterable<unknown>
    }
  /** Throws for an element that what follows cannot take. */
  | { readonly kind: 'check'; readonly label: string; readonly f: (element: never) => unknown }

/** Receives one element, and the number of the record that it was made from. */
export type Sink<T> = (element: T, record: number) => void

/** Combines the steps, last first, into one function that takes a record and calls the sink. */
export const chain = <T>(steps: readonly Step[], sink: Sink<T>): Sink<unknown> => {
  let next = sink as Sink<unknown>
  for (const step of steps.toReversed()) next = link(step, next)
  return next
}

const link = (step: Step, next: Sink<unknown>): Sink<unknown> => {
  const f = step.f as (element: unknown) => unknown
  if (step.kind === 'map') return (element, record) => next(refusePromise(f(element)), record)
  if (step.kind === 'filter')
    return (element, record) => {
      if (refusePromise(f(element)) as boolean) next(element, record)
    }
  if (step.kind === 'check')
    return (element, record) => {
      f(element)
      next(element, record)
    }
  return (element, record) => {
    const all = f(element) as Iterable<unknown>
    if (isPromise(all)) refusePromise(all)
    for (const inner of all) {
      if (isPromise(inner)) refuseAll(all)
      next(inner, record)
    }
  }
}

/** None of the promises is waited for, so none may end the process. */
const refuseAll = (all: Iterable<unknown>): void => {
  ignoreRejections(all)
  for (const one of all) refusePromise(one)
}

/** An error of a user's function, with the label of its step. */
export class StepFailure extends Error {
  readonly label: string
  readonly error: unknown
  constructor(label: string, error: unknown) {
    super(label)
    this.label = label
    this.error = error
  }
}

/** The step with its errors as {@link StepFailure}. */
export const nameErrors = (step: Step): Step => {
  const f = step.f as (element: unknown) => unknown
  const runGuarded = (element: unknown): unknown => {
    try {
      return resultOf(step.kind, f(element))
    } catch (error) {
      throw new StepFailure(step.label, error)
    }
  }
  return { ...step, f: runGuarded } as Step
}

/**
 * A lazy iterable throws while it is iterated, after the function that made it has returned. So it
 * is iterated here.
 */
const resultOf = (kind: Step['kind'], result: unknown): unknown => {
  if (kind === 'check') return result
  refusePromise(result)
  if (kind !== 'flatMap') return result
  const all = [...(result as Iterable<unknown>)]
  if (all.some(isPromise)) refuseAll(all)
  return all
}
