import { expect, test } from 'vitest'
import { type PlanFitParts, planFit } from '../../../../lib/runtime/driver/plan-fit.ts'
import { Intake } from '../../../../lib/runtime/intake/intake.ts'
import type { Head } from '../../../../lib/state/head.ts'
import { emptyManifest, writeManifest } from '../../../../lib/state/manifest.ts'
import type { OffsetsBySource } from '../../../../lib/state/offsets.ts'
import { APP, pipelineOf, START_MS, World } from '../harness.ts'

const ID = 'socketTextStream-1'
const plan = pipelineOf((ssc) => ssc.socketTextStream('localhost', 9999).print()).build()
const TIME_MS = START_MS + 1_000

const toLanes = { kind: 'lanes', parts: ['lanes'], reads: () => true } as const
const toFiles = { kind: 'files', parts: ['files'] } as const
const toObjects = { kind: 'objects', parts: ['lanes', 'listing'], reads: () => false } as const

/** What is stored, and to what the source of the plan is bound. */
interface Stored {
  /** Two records of this source wait in a lane. */
  readonly lanesOf?: string
  /** An object of this source waits for its batch. */
  readonly pendingOf?: string
  /** A batch is logged that reads lanes of this source. */
  readonly loggedOf?: string
  readonly bound?: NonNullable<PlanFitParts['sources']> extends ReadonlyMap<string, infer R>
    ? R
    : never
}

const fitOf = async ({ lanesOf, pendingOf, loggedOf, bound }: Stored) => {
  const { store, clock, randomness } = new World()
  if (lanesOf !== undefined) {
    const { limits } = plan.options
    const intake = new Intake({ app: APP, source: lanesOf, store, clock, randomness, limits })
    const records = ['1', '2'].map((position) => ({ position, record: 'a' }))
    await intake.append({ lane: '0', records })
  }
  const listing = { pending: [{ key: 'a', eventMs: 1 }] }
  const offsets: OffsetsBySource = pendingOf === undefined ? {} : { [pendingOf]: { listing } }
  const manifest = { ...emptyManifest(START_MS), offsets }
  const lanes = { kind: 'lanes', lanes: [], records: 0, bytes: 0, objects: 0, offsets: {} }
  const logged = {
    timeMs: TIME_MS,
    input: JSON.stringify({ timeMs: TIME_MS, sources: { [String(loggedOf)]: lanes } }),
    attempts: 1,
    firstMs: TIME_MS,
    retryMs: 0,
  }
  const head: Head = {
    generation: 1,
    plan: 'p',
    sources: [],
    status: 'running',
    epoch: 1,
    owner: undefined,
    leaseEndMs: 0,
    startedMs: START_MS,
    zeroMs: START_MS,
    doneMs: START_MS,
    manifest: await writeManifest(store, APP, 'attempt', manifest),
    afterCommit: undefined,
    offsets: {},
    wakeMs: 0,
    logged: loggedOf === undefined ? undefined : logged,
    reason: undefined,
    load: undefined,
  }
  const sources = bound && new Map([[ID, bound]])
  const { conflicts, left } = await planFit(
    { store, app: APP, plan, ...(sources && { sources }) },
    head,
  )
  return { conflicts, left }
}

const FITS = { conflicts: [], left: [] }
const conflict = (text: string) => ({ conflicts: [expect.stringContaining(text)], left: [] })
const leaves = (text: string) => ({ conflicts: [], left: [expect.stringContaining(text)] })

test.each<[string, Stored, object]>([
  ['nothing', {}, FITS],
  ['records of a source that is gone', { lanesOf: 'gone' }, conflict('2 records of it wait')],
  ['an object of a source that is gone', { pendingOf: 'gone' }, conflict('1 record of it waits')],
  ['records that the source reads', { lanesOf: ID, bound: toLanes }, FITS],
  ['records of a source with any binding', { lanesOf: ID }, FITS],
  ['records, and the source reads files now', { lanesOf: ID, bound: toFiles }, leaves('2 records')],
  ['an object that the source reads', { pendingOf: ID, bound: toObjects }, FITS],
  [
    'an object, and the source reads lanes now',
    { pendingOf: ID, bound: toLanes },
    leaves('1 record'),
  ],
  [
    'a logged batch of a source that is gone',
    { loggedOf: 'gone' },
    conflict('is not in the pipeline'),
  ],
  ['a logged batch of the same kind', { loggedOf: ID, bound: toLanes }, FITS],
  ['a logged batch of a source with any binding', { loggedOf: ID }, FITS],
  ['a logged batch of another kind', { loggedOf: ID, bound: toFiles }, conflict('and it is now')],
])('the plan fits, or not, when this is stored: %s', async (_, stored, expected) => {
  expect(await fitOf(stored)).toEqual(expected)
})
