/** Times of stateful operators, as ratios: how they grow with the state, and with the keys. */
import { type DStream, type State, StateSpec } from 'millrace'
import { collectGarbage } from '../measure.ts'
import { type PipelineBed, pipelineBed } from '../pipeline-bed.ts'
import { median } from '../statistics.ts'
import { draw } from './draw.ts'
import { type CostProgram, type Measured, short } from './figure.ts'

const timedRun = async (bed: PipelineBed<number>, elements: readonly number[]): Promise<number> => {
  const startMs = performance.now()
  await bed.run(elements)
  return performance.now() - startMs
}

const LARGE_KEYS = 1_000_000
const SMALL_KEYS = 10_000
const RECORDS = 10
/** So the states are merged before the measurement, and again in it. */
const WARM_UP = 20
const BATCHES = 60

const mapped = (name: string): PipelineBed<number> =>
  pipelineBed<number>(name, (numbers) =>
    numbers
      .mapToPair((n) => [`user-${n}`, 1])
      .mapWithState(
        StateSpec.function((_key: string, one: number | undefined, state: State<number>) => {
          state.update((state.getOption() ?? 0) + (one ?? 0))
        }),
      )
      .foreachRDD(async (rdd) => void (await rdd.count())),
  )

/** The figure of `mapWithState`. */
export const flatState: CostProgram = {
  figures: [
    {
      name: 'map-with-state-flat',
      what: 'mapWithState, 10 records a batch: time with 1 M keys to that with 10,000',
      unit: 'ratio',
      target: 3,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const times = async (keys: number): Promise<readonly number[]> => {
      const bed = mapped(`keys${keys}`)
      await bed.run(Array.from({ length: keys }, (_, n) => n))
      const found: number[] = []
      for (let batch = 0; batch < WARM_UP + BATCHES; batch++)
        found.push(await timedRun(bed, draw(batch, RECORDS, keys)))
      return found.slice(WARM_UP)
    }
    const small = await times(SMALL_KEYS)
    collectGarbage()
    const large = await times(LARGE_KEYS)
    const note =
      `medians of ${BATCHES} batches ${short(median(small))} and ${short(median(large))} ms; ` +
      `longest ${short(Math.max(...small))} and ${short(Math.max(...large))} ms`
    return [{ value: median(large) / median(small), note }]
  },
}

const KEYS = 20_000
const ROUNDS = 15

const counted = (
  name: string,
  keyed: (numbers: DStream<number>) => DStream<[string | readonly string[], number]>,
): PipelineBed<number> =>
  pipelineBed<number>(name, (numbers) =>
    keyed(numbers)
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .foreachRDD(async (rdd) => void (await rdd.count())),
  )

/** The figure of structured keys. */
export const arrayKeys: CostProgram = {
  figures: [
    {
      name: 'array-keys-ratio',
      what: 'updateStateByKey: time with array keys to that with string keys',
      unit: 'ratio',
      target: 2,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const strings = counted('strings', (numbers) => numbers.mapToPair((n) => [`user-${n}`, 1]))
    const arrays = counted('arrays', (numbers) => numbers.mapToPair((n) => [['user', `${n}`], 1]))
    const elements = Array.from({ length: KEYS }, (_, n) => n)
    const [stringMs, arrayMs]: [number[], number[]] = [[], []]
    for (let round = -5; round < ROUNDS; round++) {
      collectGarbage()
      const one = await timedRun(strings, elements)
      collectGarbage()
      const other = await timedRun(arrays, elements)
      if (round < 0) continue
      stringMs.push(one)
      arrayMs.push(other)
    }
    return [
      {
        value: median(arrayMs.map((ms, round) => ms / (stringMs[round] ?? 1))),
        note:
          `${KEYS} keys, all in each batch; medians ${short(median(stringMs))} and ` +
          `${short(median(arrayMs))} ms of ${ROUNDS} rounds`,
      },
    ]
  },
}
