/** Scenarios: what happens to files, step by step, and what a pipeline must make of it. */
import type { TextFileStreamOptions } from 'millrace'
import type { Delivery, NewFile, Place } from './place.ts'

/** Where scenarios are played. */
export const BACKENDS = [
  'directory',
  'simulated',
  'simulatedVersions',
  'emulator',
  'emulatorVersions',
] as const
export type Backend = (typeof BACKENDS)[number]

/** Something that happens, with the words for the table. */
export interface Step {
  readonly says: string
  readonly run: (place: Place) => Promise<void>
}

/** What must be seen. Where only `all` is given, it is the same everywhere. */
export interface Expected {
  readonly all?: string
  readonly directory?: string
  /** A bucket without versions, or any bucket. */
  readonly bucket?: string
  readonly versions?: string
}

/** A scenario: a row of the table. */
export interface Scenario {
  readonly name: string
  readonly options?: TextFileStreamOptions
  /** Left out: `in/`. A pattern of directories, and the prefix that stands for it in a bucket. */
  readonly watch?: { readonly directory: string; readonly prefix: string }
  /** What is there before the first start. */
  readonly before?: readonly Step[]
  readonly steps: readonly Step[]
  readonly expected: string | Expected
  /** Backends that cannot play it, with the reason. */
  readonly except?: Readonly<Partial<Record<Backend, string>>>
}

/** A part of the table. */
export interface Group {
  readonly title: string
  readonly scenarios: readonly Scenario[]
}

/** What must be seen in a backend. */
export const expectedIn = ({ expected }: Scenario, backend: Backend): string => {
  if (typeof expected === 'string') return expected
  const { all = '', directory = all, bucket = all, versions = bucket } = expected
  if (backend === 'directory') return directory
  return backend.endsWith('Versions') ? versions : bucket
}

const seconds = 1_000
const minutes = 60 * seconds
const UNITS = [
  ['week', 7 * 24 * 60 * minutes],
  ['day', 24 * 60 * minutes],
  ['hour', 60 * minutes],
  ['minute', minutes],
  ['second', seconds],
] as const

const durationText = (ms: number): string => {
  const [unit, unitMs] = UNITS.find(([, size]) => ms % size === 0) ?? ['ms', 1]
  return `${ms / unitMs} ${unit}${ms === unitMs ? '' : 's'}`
}

/** A name for the table: long ones are cut. */
const shown = (key: string): string =>
  `\`${key.length > 40 ? `${key.slice(0, 12)}…` : key.replaceAll('|', '\\|')}\``

export const put = (key: string, file: NewFile & { readonly says?: string } = {}): Step => {
  const { says, ageMs, ...rest } = file
  const age = ageMs === undefined ? '' : `, begun ${durationText(ageMs)} ago`
  return {
    says: `${shown(key)} comes${says === undefined ? '' : ` (${says})`}${age}`,
    run: (place) => place.put(key, { ...rest, ageMs }),
  }
}

/** Text under a name, in place of the name itself. */
export const write = (key: string, text: string): Step => ({
  says: `"${text}" is written to ${shown(key)}`,
  run: (place) => place.put(key, { bytes: Buffer.from(`${text}\n`) }),
})

export const copy = (from: string, to: string): Step => ({
  says: `${shown(from)} is copied to ${shown(to)}`,
  run: (place) => place.copy(from, to),
})

export const rename = (from: string, to: string): Step => ({
  says: `${shown(from)} is renamed to ${shown(to)}`,
  run: (place) => place.rename(from, to),
})

export const touch = (key: string): Step => ({
  says: `${shown(key)} is touched`,
  run: (place) => place.touch(key),
})

export const append = (key: string, text: string): Step => ({
  says: `"${text}" is added to ${shown(key)}`,
  run: (place) => place.append(key, `${text}\n`),
})

export const remove = (key: string): Step => ({
  says: `${shown(key)} is deleted`,
  run: (place) => place.remove(key),
})

export const restore = (key: string): Step => ({
  says: `${shown(key)} is restored`,
  run: (place) => place.restore(key),
})

export const batch: Step = { says: 'a batch', run: (place) => place.batch() }

export const pass = (ms: number): Step => ({
  says: `${durationText(ms)} pass`,
  run: (place) => place.pass(ms),
})

export const skew = (aheadMs: number): Step => ({
  says:
    `the clock of the storage is ${durationText(Math.abs(aheadMs))} ` +
    (aheadMs < 0 ? 'behind' : 'ahead'),
  run: (place) => place.skew(aheadMs),
})

/** What happens after a batch was logged, and before it reads its first file. */
export const beforeRead = (step: Step): Step => ({
  says: `before the batch reads: ${step.says}`,
  run: async (place) => place.beforeRead(step.run),
})

export const deliver = (how: Delivery): Step => ({
  says: how === 'once' ? 'the notifications come' : `notifications come ${how}`,
  run: (place) => place.deliver(how),
})

export const redrive: Step = { says: '`millrace redrive`', run: (place) => place.redrive() }

/** Any number of steps as one, with words of their own. */
export const many = (says: string, steps: readonly Step[]): Step => ({
  says,
  run: async (place) => {
    for (const step of steps) await step.run(place)
  },
})

/** Plays a scenario. */
export const play = async (place: Place, { before = [], steps }: Scenario): Promise<void> => {
  for (const step of before) await step.run(place)
  await place.batch()
  for (const step of steps) await step.run(place)
  await place.batch()
}
