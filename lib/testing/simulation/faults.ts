import type { Random } from '../random.ts'

/** What can go wrong, each switched on or off by the seed. */
export const faultKinds = [
  'crash',
  'freeze',
  'lostAnswer',
  'failedCall',
  'outage',
  'slowCall',
  'redelivery',
  'clockJump',
  'pause',
  'deployment',
] as const

/** One of {@link faultKinds}. */
export type FaultKind = (typeof faultKinds)[number]

/** What happens to one call of a port. */
export type CallFault = 'none' | 'dieBefore' | 'dieAfter' | 'freezeAfter' | 'lostAnswer' | 'failBefore' | 'slow'

/** The faults of one world. */
export class Faults {
  readonly kinds: ReadonlySet<FaultKind>
  readonly #random: Random
  readonly #rate: number
  #outageEndMs = 0
  /** While false nothing goes wrong: the world is left to recover. */
  active = true

  constructor(random: Random, only: readonly FaultKind[] = faultKinds) {
    this.#random = random
    this.kinds = new Set(only.filter(() => random.chance(0.6)))
    this.#rate = random.pick([0.005, 0.02, 0.06])
  }

  has(kind: FaultKind): boolean {
    return this.active && this.kinds.has(kind)
  }

  /** Whether something of this kind happens now, so many times as often as the seed's usual rate. */
  strikes(kind: FaultKind, times = 1): boolean {
    return this.has(kind) && this.#random.chance(this.#rate * times)
  }

  /** Draws the fate of a call. In an outage most calls fail, for seconds on end. */
  ofCall(nowMs: number): CallFault {
    if (this.strikes('outage', 0.2)) this.#outageEndMs = nowMs + this.#random.between(500, 15_000)
    if (this.active && nowMs < this.#outageEndMs && this.#random.chance(0.8)) return 'failBefore'
    if (this.strikes('crash')) return this.#random.pick(['dieBefore', 'dieAfter'])
    if (this.strikes('freeze')) return 'freezeAfter'
    if (this.strikes('lostAnswer')) return 'lostAnswer'
    if (this.strikes('failedCall')) return 'failBefore'
    return this.strikes('slowCall', 3) ? 'slow' : 'none'
  }
}
