/**
 * What a time to live and timers add to the price of a state. Each case keeps 10,000 keys, and a
 * batch touches 100 of them, the same keys in each run.
 *
 * - *A time to live.* The keys that a batch touches are drawn from 5,000, and with each batch five
 *   of these leave and five others come. So in the end five keys end in each batch, a thousand
 *   batches after their last record, and as many are stored as at first.
 * - *Timers.* A record sets a timer of ten batches, unless its key has one.
 */
import { type DStream, type Duration, seconds, type State, StateSpec, type Time } from 'millrace'
import { draw } from './draw.ts'
import { type CostProgram, short } from './figure.ts'
import { countedBed, isOfState, segmentsIn, unitsOf } from './store-bed.ts'

const KEYS = 10_000
const TOUCHED = 100
const TTL_BATCHES = 1_000
/** Keys that come with a batch, and as many that are not touched any more. */
const MOVED = 5
const TIMER_BATCHES = 10
/** Batches that are not measured. With a ttl, all keys of the first batch end in one of them. */
const WARM_UP = TTL_BATCHES + 10
/** So many that several merges are in them. */
const BATCHES = 1_000

type Keyed = DStream<[string, number]>

interface Case {
  readonly describe: (pairs: Keyed) => DStream<unknown>
  /** The keys that a batch touches. */
  readonly touched: (batch: number) => readonly number[]
}

/** Write units of state a batch. */
const unitsOfState = async ({ describe, touched }: Case): Promise<number> => {
  const bed = countedBed<number>('costs', (numbers) =>
    describe(numbers.mapToPair((n) => [`user-${n}`, 1])).foreachRDD(() => undefined),
  )
  await bed.run(Array.from({ length: KEYS }, (_, n) => n))
  let units = 0
  for (let batch = 1; batch <= WARM_UP + BATCHES; batch++) {
    const touches = segmentsIn(await bed.run(touched(batch))).filter(isOfState)
    if (batch > WARM_UP) units += unitsOf(touches)
  }
  return units / BATCHES
}

const evenly = (batch: number): readonly number[] => draw(batch, TOUCHED, KEYS)

const moving = (batch: number): readonly number[] => {
  const first = batch * MOVED
  const drawn = draw(batch, TOUCHED - MOVED, KEYS / 2 - MOVED).map((n) => first + n)
  const come = Array.from({ length: MOVED }, (_, n) => first + KEYS / 2 - MOVED + n)
  return [...drawn, ...come]
}

const totals =
  (ttl?: Duration) =>
  (pairs: Keyed): DStream<unknown> =>
    pairs.updateStateByKey<number>(
      (ones, total = 0) => total + ones.length,
      ttl === undefined ? {} : { ttl },
    )

let fired = 0

const visits =
  (timers: boolean) =>
  (pairs: Keyed): DStream<unknown> =>
    pairs.mapWithState(
      StateSpec.function(
        (_key: string, one: number | undefined, state: State<number>, time: Time) => {
          if (timers && state.isTimerFiring()) {
            fired += 1
            return
          }
          state.update((state.getOption() ?? 0) + (one ?? 0))
          if (timers && state.getTimer() === undefined)
            state.setTimer(time.plus(seconds(TIMER_BATCHES)))
        },
        { timers },
      ),
    )

/** The figures of a time to live and of timers. */
export const timesOfKeys: CostProgram = {
  figures: [
    {
      name: 'ttl-units-10k-1pct',
      what: 'write units of state a batch with a ttl of 1,000 batches, 10,000 keys, 1 % touched',
      unit: 'count',
      target: 4,
    },
    {
      name: 'timer-units',
      what: 'write units for each timer that is set and fires',
      unit: 'count',
      target: 0.05,
    },
  ],
  async measure() {
    const without = await unitsOfState({ describe: totals(), touched: evenly })
    const ttl = seconds(TTL_BATCHES)
    const withTtl = await unitsOfState({ describe: totals(ttl), touched: moving })
    const visited = await unitsOfState({ describe: visits(false), touched: evenly })
    fired = 0
    const timed = await unitsOfState({ describe: visits(true), touched: evenly })
    const perBatch = fired / (WARM_UP + BATCHES)
    return [
      {
        value: withTtl,
        note: `${short(BATCHES)} batches, ${MOVED} keys end in each; ${short(without)} without`,
      },
      {
        value: (timed - visited) / perBatch,
        note:
          `${short(perBatch)} timers a batch: ${short(timed)} units, ` +
          `and ${short(visited)} without timers`,
      },
    ]
  },
}
