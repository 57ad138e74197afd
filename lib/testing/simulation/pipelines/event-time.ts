import { milliseconds, minutes } from '../../../base/duration.ts'
import { leastOf } from '../../../base/extremes.ts'
import { type History, type ModelBatch, pairsText, type SimulatedPipeline } from './pipeline.ts'

/** Behind a step that is not record by record, the shards of a stream are one lane. */
const STREAM = 'clicks'
const BUCKET = 'drops'
const SOURCES = [STREAM, BUCKET] as const

/** In batch intervals. */
const IDLE = 3

/** In milliseconds of event time. */
const SIZE = 4_000
const SLIDE = 2_000
const GAP = 900
const LATENESS = 1_500

/** Event time goes on with the number of the line. Some lines come late, and a few far too late. */
const STEP = 300
const DELAYS = [0, 0, 0, 0, 500, 1_200, 6_000]

interface Event {
  readonly word: string
  readonly at: number
}

const eventOf = (line: string): Event => {
  const [word = '', time = ''] = line.split(' ')
  const at = Number.parseInt(time, 10)
  // Some objects have other lines too.
  return { word, at: Number.isNaN(at) ? 0 : at }
}

const eventsIn = ({ lines }: ModelBatch, source: string): readonly Event[] =>
  (lines[source] ?? []).map(eventOf)

/** What is known after a batch: the windows that are over in it, and what was late. */
interface Followed {
  readonly given: ReadonlyMap<string, number>
  readonly sessions: ReadonlyMap<string, number>
  readonly late: ReadonlyMap<string, number>
  /** When each lane was seen last, and how far it is. */
  readonly lanes: ReadonlyMap<string, readonly [seenMs: number, latest: number]>
  readonly latest: number
}

const countUp = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1)

/** All events that are open, and those that were taken by batches, from scratch. */
const follow = (history: History, intervalMs: number): Followed => {
  const lanes = new Map<string, readonly [number, number]>()
  let latest = -Infinity
  let mark = -Infinity
  const windows = new Map<string, { readonly end: number; count: number }>()
  let open: readonly Event[] = []
  let given = new Map<string, number>()
  let sessions = new Map<string, number>()
  let late = new Map<string, number>()
  for (const batch of history) {
    const before = mark
    for (const [lane, [seenMs]] of lanes)
      if (batch.timeMs - seenMs > IDLE * intervalMs) lanes.delete(lane)
    for (const source of SOURCES)
      for (const { at } of eventsIn(batch, source)) {
        lanes.set(source, [batch.timeMs, Math.max(at, lanes.get(source)?.[1] ?? at)])
        latest = Math.max(latest, at)
      }
    const all = Array.from(lanes.values(), ([, time]) => time)
    mark = Math.max(mark, (all.length === 0 ? latest : leastOf(all)) - LATENESS)
    given = new Map()
    late = new Map()
    const events = SOURCES.flatMap((source) => eventsIn(batch, source))
    for (const { word, at } of events) {
      const starts = [0, 1].map((back) => (Math.floor(at / SLIDE) - back) * SLIDE)
      const taken = starts.filter((start) => start + SIZE > before)
      if (taken.length === 0) countUp(late, `${word} ${at}`)
      for (const start of taken) {
        const name = `${word} ${start}`
        const known = windows.get(name) ?? { end: start + SIZE, count: 0 }
        known.count += 1
        windows.set(name, known)
      }
    }
    for (const [name, { end, count }] of windows)
      if (end <= mark) {
        given.set(name, count)
        windows.delete(name)
      }
    const groups = sessionsOf(taken(open, events, before))
    sessions = new Map(
      groups.flatMap((group) => (endOf(group) <= mark ? [[nameOf(group), group.length]] : [])),
    )
    open = groups.flatMap((group) => (endOf(group) <= mark ? [] : group))
  }
  return { given, sessions, late, lanes, latest }
}

/** The open events with those of a batch that are not late. */
const taken = (
  open: readonly Event[],
  events: readonly Event[],
  before: number,
): readonly Event[] => {
  let all = [...open, ...events.filter(({ at }) => at + GAP > before)]
  let rest = events.filter(({ at }) => at + GAP <= before)
  for (let count = -1; count !== all.length;) {
    count = all.length
    const joins = (one: Event): boolean =>
      all.some(({ word, at }) => word === one.word && Math.abs(at - one.at) <= GAP)
    const joining = rest.filter(joins)
    all = [...all, ...joining]
    rest = rest.filter((one) => !joining.includes(one))
  }
  return all
}

const sessionsOf = (events: readonly Event[]): readonly (readonly Event[])[] => {
  const groups: Event[][] = []
  for (const event of events.toSorted((a, b) => a.at - b.at)) {
    const own = groups.find((group) => group[0]?.word === event.word && endOf(group) >= event.at)
    if (own === undefined) groups.push([event])
    else own.push(event)
  }
  return groups
}

const endOf = (group: readonly Event[]): number => (group.at(-1)?.at ?? 0) + GAP
const nameOf = (group: readonly Event[]): string =>
  `${group[0]?.word} ${group[0]?.at} ${endOf(group)}`

/**
 * Windows by event time over two lanes, one of which is quiet at times: a lane that is idle does
 * not hold the watermark. Their number of partitions changes with some deployments.
 */
export const eventTime: SimulatedPipeline = {
  name: 'event-time',
  streams: [STREAM],
  buckets: [BUCKET],
  line: (random, n) => `${random.pick(['fig', 'pear', 'f'])} ${n * STEP - random.pick(DELAYS)}`,
  storesAnew: true,
  restsUntilTimer: true,
  describe(ssc, { change, maybeThrow }) {
    const stream = ssc.kinesisTextStream(STREAM).mapPartitions((lines) => lines)
    const lines = stream.union(
      ssc.textFileStream(BUCKET, { existing: 'all', listEvery: minutes(5) }),
    )
    const interval = lines.slideDuration
    const partitions = change === 'stored' ? 3 : 2
    const timed = lines
      .map((line) => eventOf(line))
      .mapToPair(({ word, at }) => [word, at])
      .withEventTime(([, at]) => at, {
        lateness: milliseconds(LATENESS),
        idle: interval.times(IDLE),
      })
    const sum = (a: number, b: number): number => {
      maybeThrow()
      return a + b
    }
    const counts = timed.window(milliseconds(SIZE), milliseconds(SLIDE)).combineByKey(
      () => 1,
      (count) => sum(count, 1),
      sum,
      { partitions },
    )
    counts
      .mapToPair(({ key, window, value }) => [`${key} ${window.start}`, value])
      .reduceByKey((a) => a)
      .saveAsTextFiles('windows')
    counts
      .late()
      .mapToPair(({ key, time }) => [`${key} ${time}`, 1])
      .reduceByKey((a, b) => a + b)
      .saveAsTextFiles('late')
    timed
      .sessionWindow(milliseconds(GAP))
      .combineByKey(
        () => 1,
        (count) => sum(count, 1),
        sum,
        { partitions },
      )
      .mapToPair(({ key, window, value }) => [`${key} ${window.start} ${window.end}`, value])
      .reduceByKey((a) => a)
      .saveAsTextFiles('sessions')
  },
  outputs(_, history, intervalMs) {
    const { given, sessions, late } = follow(history, intervalMs)
    return { windows: pairsText(given), late: pairsText(late), sessions: pairsText(sessions) }
  },
  nextMs(history, intervalMs) {
    const { lanes, latest } = follow(history, intervalMs)
    const holding = [...lanes.values()].filter(([, time]) => time < latest)
    if (holding.length === 0) return undefined
    return leastOf(holding.map(([seenMs]) => seenMs)) + (IDLE + 1) * intervalMs
  },
}
