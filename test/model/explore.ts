/**
 * Visits every world that can be reached within the bounds, nearest first, and lets the checkers
 * see every transition. So the first violation that it finds has the shortest schedule of all.
 *
 * At the end `progress` checks all worlds together: from each of them, ordinary steps alone must be
 * able to finish the work, as when the faults stop. Worlds are numbered as they are found. A
 * finished world can be finished, and so can a world with a step to such a world.
 */
import { nameOf, type Transition, transitions } from './actions.ts'
import { isFinished, worldCheckers, writeCheckers } from './checkers.ts'
import { Fingerprints } from './fingerprints.ts'
import type { Model } from './protocol.ts'
import { firstWorld, type World, type Write } from './world.ts'

interface Finding {
  readonly checker: string
  readonly what: string
}

/** A violation. */
export interface Violation extends Finding {
  /** The events in order, from the first world on. */
  readonly schedule: readonly string[]
}

export interface Exploration {
  readonly states: number
  readonly transitions: number
  /** The largest number of steps from the first world to any other. */
  readonly depth: number
  readonly violation: Violation | undefined
  /**
   * The kinds of writes that were seen, succeeded and refused. A search without violations proves
   * little where nothing happens.
   */
  readonly happened: ReadonlySet<string>
}

/** A growing array of whole numbers. */
class Numbers {
  #values = new Int32Array(1 << 16)
  length = 0

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Int32Array(this.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.length++] = value
  }

  at(index: number): number {
    return this.#values[index] as number
  }
}

/** How each world was found, and where its ordinary steps lead. */
class Graph {
  readonly seen = new Fingerprints()
  /** The world from which each world was found first, and the transition that led to it. */
  readonly #parents = new Numbers()
  readonly #choices = new Numbers()
  /** For each world, in order: the index in `#targets` at which its steps begin. */
  readonly #starts = new Numbers()
  readonly #targets = new Numbers()
  readonly #finished = new Numbers()

  /** The number of a world, and whether it is new. */
  add(
    world: World,
    parent: number,
    choice: number,
  ): { readonly number: number; readonly isNew: boolean } {
    const before = this.seen.size
    const number = this.seen.numberOf(world)
    const isNew = number === before
    if (isNew) {
      this.#parents.push(parent)
      this.#choices.push(choice)
    }
    return { number, isNew }
  }

  /** Worlds are expanded in the order of their numbers. */
  beginSteps(isDone: boolean): void {
    this.#starts.push(this.#targets.length)
    this.#finished.push(isDone ? 1 : 0)
  }

  addStep(target: number): void {
    this.#targets.push(target)
  }

  /** The choices that lead from the first world to this one. */
  pathTo(number: number): readonly number[] {
    const path: number[] = []
    for (let at = number; at !== 0; at = this.#parents.at(at)) path.push(this.#choices.at(at))
    return path.reverse()
  }

  /** The world nearest to the first one from which the work cannot be finished. Undefined: none. */
  stuck(): number | undefined {
    const count = this.#starts.length
    const good = new Uint8Array(count)
    // Most steps lead to later worlds. Going from the last world to the first, a few rounds are
    // enough.
    for (let changed = true; changed;) {
      changed = false
      for (let number = count - 1; number >= 0; number--) {
        if (good[number] === 1 || !this.#leadsTo(good, number)) continue
        good[number] = 1
        changed = true
      }
    }
    const first = good.indexOf(0)
    return first === -1 ? undefined : first
  }

  #leadsTo(good: Uint8Array, number: number): boolean {
    if (this.#finished.at(number) === 1) return true
    const end =
      number + 1 < this.#starts.length ? this.#starts.at(number + 1) : this.#targets.length
    for (let at = this.#starts.at(number); at < end; at++)
      if (good[this.#targets.at(at)] === 1) return true
    return false
  }
}

/** Visits all worlds, or stops at the first violation. */
export const explore = (model: Model): Exploration => {
  const graph = new Graph()
  const first = firstWorld(model.bounds)
  graph.add(first, 0, 0)
  let [level, count, depth, expanded]: [World[], number, number, number] = [[first], 0, 0, 0]
  const happened = new Set<string>()
  const found = (violation: Violation | undefined): Exploration => ({
    states: graph.seen.size,
    transitions: count,
    depth,
    violation,
    happened,
  })
  while (level.length > 0) {
    const next: World[] = []
    for (const before of level) {
      const number = expanded++
      graph.beginSteps(isFinished(model, before))
      for (const [choice, transition] of transitions(model, before).entries()) {
        count += 1
        if (transition.write !== undefined)
          happened.add(`${nameOf(transition.write)} ${transition.written ? 'written' : 'refused'}`)
        const target = graph.add(transition.after, number, choice)
        const wrong = violated(model, before, transition, target.isNew)
        if (wrong !== undefined)
          return found({
            ...wrong,
            schedule: [...replay(model, graph.pathTo(number)), transition.text],
          })
        if (target.isNew) next.push(transition.after)
        if (!transition.isFault) graph.addStep(target.number)
      }
    }
    level = next
    if (next.length > 0) depth += 1
  }
  const stuck = graph.stuck()
  if (stuck === undefined) return found(undefined)
  return found({
    checker: 'progress',
    what: 'the work can never be finished',
    schedule: replay(model, graph.pathTo(stuck)),
  })
}

const violated = (
  model: Model,
  before: World,
  { after, write, written }: Transition,
  isNew: boolean,
): Finding | undefined => {
  for (const [checker, look] of written && write !== undefined ? writeCheckers : []) {
    const what = look(before, after, write as Write)
    if (what !== undefined) return { checker, what }
  }
  for (const [checker, look] of isNew ? worldCheckers : []) {
    const what = look(model, after)
    if (what !== undefined) return { checker, what }
  }
  return undefined
}

/**
 * The events on a path. A world that was found again on another path may have other names in it, so
 * the path is walked as it was found.
 */
const replay = (model: Model, path: readonly number[]): readonly string[] => {
  const schedule: string[] = []
  let world = firstWorld(model.bounds)
  for (const choice of path) {
    const transition = transitions(model, world)[choice] as Transition
    schedule.push(transition.text)
    world = transition.after
  }
  return schedule
}
