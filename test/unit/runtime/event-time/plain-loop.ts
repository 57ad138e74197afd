/** What windows by event time must give, by plain loops over all records: the oracle of tests. */

/** A record: its key, its event time and its value. */
export type Event = readonly [key: string, timeMs: number, value: number]

/** The records of a batch, by lane. */
export type EventBatch = readonly (readonly Event[])[]

/** Which windows, and how the watermark goes on. In milliseconds. */
export interface Rule {
  readonly windows: { readonly size: number; readonly slide: number } | { readonly gap: number }
  readonly lateness: number
  readonly idle: number
  readonly early: boolean
}

interface Mark {
  readonly before: number
  readonly now: number
}

/** The watermark before and in each batch. */
export const watermarksOf = (
  batches: readonly EventBatch[],
  times: readonly number[],
  { lateness, idle }: Pick<Rule, 'lateness' | 'idle'>,
): readonly Mark[] => {
  const lanes = new Map<number, { latest: number; seen: number }>()
  let now = -Infinity
  let latest = -Infinity
  return batches.map((batch, index) => {
    const before = now
    const time = times[index] as number
    for (const [lane, { seen }] of lanes) if (time - seen > idle) lanes.delete(lane)
    for (const [lane, events] of batch.entries())
      for (const [, at] of events) {
        lanes.set(lane, { latest: Math.max(at, lanes.get(lane)?.latest ?? at), seen: time })
        latest = Math.max(latest, at)
      }
    const all = [...lanes.values()].map((one) => one.latest)
    now = Math.max(now, (all.length === 0 ? latest : Math.min(...all)) - lateness)
    return { before, now }
  })
}

/** Text of a result, in a form that is compared. */
export const lineOf = (
  kind: string,
  key: string,
  { start, end }: { readonly start: number; readonly end: number },
  values: readonly number[],
): string => `${kind} ${key} ${start}..${end} ${values.toSorted((a, b) => a - b).join(',')}`

/** The text of a late record. */
export const lateLine = (key: string, time: number, value: number): string =>
  `late ${key} ${time} ${value}`

/** The results of each batch, sorted. */
export const plainLoop = (
  batches: readonly EventBatch[],
  times: readonly number[],
  rule: Rule,
): readonly (readonly string[])[] => {
  const marks = watermarksOf(batches, times, rule)
  const { windows } = rule
  const open = 'gap' in windows ? sessions(windows.gap) : grid(windows.size, windows.slide)
  return batches.map((batch, index) => {
    const mark = marks[index] as Mark
    const { late, over, changed } = open(batch.flat(), mark)
    const early = rule.early ? changed : []
    return [
      ...late.map(([key, at, value]) => lateLine(key, at, value)),
      ...over.map(({ key, start, end, events }) => lineOf('final', key, { start, end }, events)),
      ...early.map(({ key, start, end, events }) => lineOf('early', key, { start, end }, events)),
    ].toSorted()
  })
}

interface Open {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly events: readonly number[]
}

interface Outcome {
  readonly late: readonly Event[]
  readonly over: readonly Open[]
  readonly changed: readonly Open[]
}

type Step = (events: readonly Event[], mark: Mark) => Outcome

const grid = (size: number, slide: number): Step => {
  let open = new Map<string, Open>()
  return (events, { before, now }) => {
    const late: Event[] = []
    const touched = new Set<string>()
    for (const event of events) {
      const [key, at, value] = event
      let isIn = false
      for (let start = Math.floor(at / slide) * slide; start + size > at; start -= slide) {
        if (start + size <= before) continue
        isIn = true
        const id = `${key} ${start}`
        const events = [...(open.get(id)?.events ?? []), value]
        open.set(id, { key, start, end: start + size, events })
        touched.add(id)
      }
      if (!isIn) late.push(event)
    }
    const over = [...open.values()].filter(({ end }) => end <= now)
    open = new Map([...open].filter(([, { end }]) => end > now))
    return { late, over, changed: [...open].flatMap(([id, one]) => (touched.has(id) ? [one] : [])) }
  }
}

const sessions = (gap: number): Step => {
  let held: readonly Event[] = []
  return (events, { before, now }) => {
    const mayBeLate = new Set(events.filter(([, at]) => at + gap <= before))
    let taken = [...held, ...events.filter((one) => !mayBeLate.has(one))]
    for (let grew = true; grew;) {
      grew = false
      for (const one of mayBeLate)
        if (taken.some(([key, at]) => key === one[0] && Math.abs(at - one[1]) <= gap)) {
          taken = [...taken, one]
          mayBeLate.delete(one)
          grew = true
        }
    }
    const all = clustersOf(taken, gap)
    const fresh = new Set(events)
    const over = all.filter(({ end }) => end <= now)
    const open = all.filter(({ end }) => end > now)
    held = open.flatMap(({ members }) => members)
    return {
      late: [...mayBeLate],
      over,
      changed: open.filter(({ members }) => members.some((one) => fresh.has(one))),
    }
  }
}

const clustersOf = (
  events: readonly Event[],
  gap: number,
): readonly (Open & { readonly members: readonly Event[] })[] => {
  const clusters: Event[][] = []
  for (const event of events.toSorted((a, b) => a[1] - b[1])) {
    const own = clusters.find(
      (one) => one[0]?.[0] === event[0] && event[1] - (one.at(-1) as Event)[1] <= gap,
    )
    if (own === undefined) clusters.push([event])
    else own.push(event)
  }
  return clusters.map((members) => ({
    key: (members[0] as Event)[0],
    start: (members[0] as Event)[1],
    end: (members.at(-1) as Event)[1] + gap,
    events: members.map(([, , value]) => value),
    members,
  }))
}
