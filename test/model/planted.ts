/**
 * Bugs planted in the protocol on purpose, to check that the model finds each: one weakened
 * condition or one swapped order at a time, in the smallest world that shows it.
 */
import { configurations } from './configurations.ts'
import { type Mistake, PROTOCOL, type Rules } from './protocol.ts'
import type { Bounds, Fault, HeadField, HeadWriteKind } from './world.ts'

export interface PlantedBug {
  readonly name: string
  readonly rules: Rules
  /** The bounds of the search for it. */
  readonly bounds: Bounds
}

const wrong = (
  mistake: Mistake,
  { test }: { readonly test: Bounds },
  faults?: Partial<Record<Fault, number>>,
  more?: Partial<Bounds>,
): PlantedBug => ({
  name: mistake,
  rules: { ...PROTOCOL, mistake },
  bounds: { ...test, ...more, faults: faults ?? test.faults },
})

const weak = (
  name: string,
  [kind, compared]: readonly [HeadWriteKind, readonly HeadField[]],
  { test }: { readonly test: Bounds },
  faults?: Partial<Record<Fault, number>>,
): PlantedBug => ({
  name,
  rules: { compares: { ...PROTOCOL.compares, [kind]: compared } },
  bounds: { ...test, faults: faults ?? test.faults },
})

const c = configurations

export const plantedBugs: readonly PlantedBug[] = [
  weak('log compares the epoch alone', ['log', ['epoch']], c.leases, { standstills: 1 }),
  weak(
    'log does not compare the epoch',
    ['log', ['done', 'generation', 'status', 'owner', 'next']],
    c.leases,
    { failures: 2 },
  ),
  weak('commit compares nothing', ['commit', []], c.leases),
  weak('commit does not compare the owner', ['commit', ['epoch', 'generation', 'next']], c.leases, {
    lateWrites: 1,
  }),
  weak('commit compares generation and batch alone', ['commit', ['generation', 'next']], c.leases, {
    standstills: 1,
  }),
  weak('a failed attempt releases any lease', ['fail', []], c.leases, {
    standstills: 1,
    failures: 1,
  }),
  wrong('attempt id is the epoch', c.leases),
  wrong('retry allocates anew', c.clock, { crashes: 1 }),
  wrong('output before log', c.leases),
  wrong('commit before output', c.leases),
  wrong('sink ignores the fence', c.leases, { standstills: 1 }),
  wrong('sink compares generations alone', c.leases, { standstills: 1 }),
  wrong('sink reads, then writes', c.leases, { standstills: 1 }),
  wrong('state kept after a failed attempt', c.leases),
  wrong('memory not compared with the head', c.leases, {}),
  wrong('tail compared with <', c.lanes, { zombies: 1 }),
  wrong('tail not compared', c.lanes, { zombies: 1 }),
  wrong('redelivered records not dropped', c.lanes, { crashes: 1 }),
  wrong('lane remembered before it is appended to', c.lanes, { lostAnswers: 1 }),
  wrong('acknowledged before append', c.lanes, { crashes: 1 }),
  wrong('dead letter after append', c.lanes, { crashes: 1 }),
  wrong('two feeders of a lane', c.lanes, {}),
  wrong('membership by receive time', c.clock, {}),
  wrong('offset at the tail', c.sources, {}, { entry: 1, batch: 1 }),
  wrong('offsets read again at commit', c.lanes),
  wrong('child taken beside its parent', c.family),
  wrong('parents not read again', c.family),
  wrong('entry across the offset taken whole', c.lanes),
  wrong('lanes not read again after rest', c.rest, {}),
  wrong('lanes read again before rest', c.rest, {}),
  wrong('wake before append', c.rest, {}),
  wrong('adoption does not read the lanes', c.deployment, {}),
  wrong('no trigger every minute', c.rest, { crashes: 1 }),
  weak(
    'rest does not compare the wake',
    ['rest', ['epoch', 'done', 'generation', 'status', 'owner', 'next']],
    c.naps,
    {
      lateWrites: 1,
      crashes: 1,
    },
  ),
  weak('rest compares the epoch alone', ['rest', ['epoch']], c.deployment, {}),
  weak('wake compares the status alone', ['wake', ['status']], c.wakes),
  weak('adoption compares the generation alone', ['adopt', ['generation']], c.generations),
  wrong('lower generation runs', c.generations),
  wrong('adoption forgets the logged batch', c.generations),
  wrong('adoption keeps the output', c.generations, { failures: 1 }),
  wrong('output counts before it is written', c.leases, { lostAnswers: 1 }),
  wrong('failed application runs on', c.commands, { failures: 2 }),
  weak('resume and skip compare nothing', ['operate', []], c.commands),
  wrong('skip leaves the offsets of the manifest', c.commands),
  wrong('previous manifest is garbage', c.garbage, {}),
  wrong('garbage of any time', c.garbage),
  wrong('blocks after the tail are garbage', c.blocks),
  wrong('blocks deleted when logged', c.garbage, { crashes: 1 }),
  wrong('segments expire', c.garbage, {}),
  wrong('manifest not written', c.garbage, {}),
  wrong('missing segment taken for lost', c.garbage, { standstills: 1 }),
  weak(
    'log compares the time of the batch alone',
    ['log', ['epoch', 'done', 'generation', 'status', 'owner', 'next']],
    c.losses,
  ),
  wrong('block missing beside the log taken for lost', c.garbage, { standstills: 1 }),
  wrong('memory of an executor not compared', c.executors),
  wrong('memory of an executor without its last move', c.executors, {}),
  wrong('answer taken by another attempt', c.executors),
  wrong('executor of another generation answers', c.executors, {}),
  wrong('executor does not compare what it has found', c.executors, { losses: 1 }),
  wrong('segment of an executor not written', c.executors, {}),
]
