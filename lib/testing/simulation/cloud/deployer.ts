/**
 * What carries out deployments, like CloudFormation: one after the other. It asks the function that
 * numbers deployments for the generation of each, and takes the first answer. A request is sent at
 * least once: a call that fails or ends is made again, and another one may come at any time, also
 * when nobody waits for its answer any more.
 */
import { MillraceError } from '../../../base/errors.ts'
import type { ItemStore } from '../../../ports/item-store.ts'
import { takeGeneration } from '../../../runtime/generations.ts'
import { deploymentsKey } from '../../../state/item-keys.ts'
import type { Random } from '../../random.ts'
import type { Sightings } from '../sightings.ts'
import type { World } from '../world.ts'

/** What it is made with. */
export interface DeployerParts {
  readonly world: World
  readonly sightings: Sightings
  readonly app: string
  /** The table itself. Calls get their fates here. */
  readonly table: ItemStore
  /** Whether anything may go wrong. */
  readonly isStormy: () => boolean
  /** Draws what goes wrong. It is its own, so that all else stays as it was. */
  readonly random: Random
}

interface Pending {
  readonly id: string
  readonly carryOut: (generation: number) => void
}

type Fate = 'none' | 'failBefore' | 'lostAnswer' | 'die' | 'standStill'

/** The first deployment has this number. */
export const FIRST_GENERATION = 1
const STACK = 'simulated'
const RESOURCE = 'Generation'
const CALL_MS_MAX = 200
/** A call that was ended is made again within this time. */
const AGAIN_MS = 5_000
/** How late a call may be. */
const LATE_MS = 60_000

export class Deployer {
  readonly #parts: DeployerParts
  readonly #pending: Pending[] = []
  #requests = 0

  constructor(parts: DeployerParts) {
    this.#parts = parts
    const { table, app } = parts
    const first = { request: 'request 0', stack: STACK, resource: RESOURCE }
    void table.put(deploymentsKey(app), { generation: FIRST_GENERATION, ...first })
  }

  /** Deploys something when all deployments before are carried out. */
  deploy(carryOut: (generation: number) => void): void {
    this.#requests += 1
    this.#pending.push({ id: `request ${this.#requests}`, carryOut })
    if (this.#pending.length === 1) this.#next()
  }

  #next(): void {
    const [pending] = this.#pending
    if (pending === undefined) return
    const { world, random, isStormy } = this.#parts
    let calls = 1
    const answered = (generation: number): void => {
      if (calls > 1) this.#parts.sightings.see('a deployment that asked for its number twice')
      if (this.#pending[0] !== pending) return
      this.#pending.shift()
      pending.carryOut(generation)
      this.#next()
    }
    const call = (): void => this.#call(pending.id, answered, again)
    const again = (): void => {
      if (this.#pending[0] !== pending) return
      calls += 1
      world.after(random.between(1, AGAIN_MS), call)
    }
    call()
    if (!isStormy() || !random.chance(0.3)) return
    calls += 1
    world.after(random.between(1, random.pick([300, LATE_MS])), call)
  }

  /** One call of the function. If it ends or fails, `ended` is called. */
  #call(id: string, answered: (generation: number) => void, ended: () => void): void {
    const { world, app } = this.#parts
    const clock = { now: () => world.nowMs, sleep: (ms: number) => this.#pause(ms) }
    const store = this.#storeOf(ended)
    takeGeneration({ store, clock, app }, { id, stack: STACK, resource: RESOURCE }).then(
      (generation) => {
        world.log(() => `${id} gets the generation ${generation}`)
        answered(generation)
      },
      ended,
    )
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.world.after(ms, resolve))
  }

  /** The table as one call sees it. A call that has died never gets an answer. */
  #storeOf(died: () => void): ItemStore {
    const { table } = this.#parts
    return {
      ...table,
      get: (key) => this.#reach(died, () => table.get(key)),
      put: (key, item) => this.#reach(died, () => table.put(key, item)),
      compareAndSet: (key, seen, next) =>
        this.#reach(died, () => table.compareAndSet(key, seen, next)),
    }
  }

  async #reach<T>(died: () => void, effect: () => Promise<T>): Promise<T> {
    const { random } = this.#parts
    const fate = this.#fate()
    await this.#pause(random.between(1, fate === 'standStill' ? LATE_MS : CALL_MS_MAX))
    if (fate === 'failBefore') throw noAnswer()
    const isBefore = random.chance(0.5)
    if (fate === 'die' && isBefore) return this.#die(died)
    const answer = await effect()
    if (fate === 'die') return this.#die(died)
    if (fate === 'lostAnswer') throw noAnswer()
    return answer
  }

  #die(died: () => void): Promise<never> {
    died()
    return new Promise(() => undefined)
  }

  #fate(): Fate {
    const { random, isStormy } = this.#parts
    const drawn = random.next()
    if (!isStormy() || drawn > 0.24) return 'none'
    if (drawn > 0.18) return 'failBefore'
    if (drawn > 0.12) return 'lostAnswer'
    return drawn > 0.06 ? 'die' : 'standStill'
  }
}

const noAnswer = (): MillraceError =>
  new MillraceError('STORE_FAILED', { problem: 'no answer', retryable: true })
