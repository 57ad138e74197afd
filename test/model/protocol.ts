/**
 * The rules of the protocol as data: what each conditional write compares, and by name the ways to
 * get it wrong. `test/model/honesty.test.ts` compares the conditions with those in `lib/`.
 */
import type { Bounds, HeadField, HeadWriteKind } from './world.ts'

/** One wrong condition, or one wrong order of steps. */
export type Mistake =
  | 'attempt id is the epoch'
  | 'retry allocates anew'
  | 'output before log'
  | 'commit before output'
  | 'sink ignores the fence'
  | 'sink compares generations alone'
  | 'sink reads, then writes'
  | 'state kept after a failed attempt'
  | 'memory not compared with the head'
  | 'tail compared with <'
  | 'tail not compared'
  | 'redelivered records not dropped'
  | 'lane remembered before it is appended to'
  | 'acknowledged before append'
  | 'dead letter after append'
  | 'membership by receive time'
  | 'offset at the tail'
  | 'offsets read again at commit'
  | 'child taken beside its parent'
  | 'parents not read again'
  | 'entry across the offset taken whole'
  | 'two feeders of a lane'
  | 'lanes not read again after rest'
  | 'lanes read again before rest'
  | 'wake before append'
  | 'adoption does not read the lanes'
  | 'no trigger every minute'
  | 'lower generation runs'
  | 'adoption forgets the logged batch'
  | 'adoption keeps the output'
  | 'output counts before it is written'
  | 'failed application runs on'
  | 'skip leaves the offsets of the manifest'
  | 'previous manifest is garbage'
  | 'garbage of any time'
  | 'blocks after the tail are garbage'
  | 'blocks deleted when logged'
  | 'segments expire'
  | 'manifest not written'
  | 'missing segment taken for lost'
  | 'block missing beside the log taken for lost'
  | 'memory of an executor not compared'
  | 'memory of an executor without its last move'
  | 'answer taken by another attempt'
  | 'executor of another generation answers'
  | 'executor does not compare what it has found'
  | 'segment of an executor not written'

/** The rules of the protocol. */
export interface Rules {
  readonly compares: Readonly<Record<HeadWriteKind, readonly HeadField[]>>
  readonly mistake?: Mistake
}

const UNCHANGED: readonly HeadField[] = ['epoch', 'done', 'generation', 'status', 'owner', 'logged']
const MINE: readonly HeadField[] = ['epoch', 'owner', 'generation', 'next']

/** The protocol as intended. */
export const PROTOCOL: Rules = {
  compares: {
    log: UNCHANGED,
    again: MINE,
    commit: MINE,
    fail: MINE,
    rest: ['epoch', 'done', 'generation', 'status', 'owner', 'next', 'woken'],
    wake: ['epoch', 'done', 'generation', 'status'],
    adopt: UNCHANGED,
    exhaust: ['epoch', 'owner', 'generation', 'status', 'logged'],
    operate: UNCHANGED,
  },
}

/** Rules and bounds: the parameter of all functions of the model. */
export interface Model {
  readonly rules: Rules
  readonly bounds: Bounds
}

export const errs = ({ rules }: Model, mistake: Mistake): boolean => rules.mistake === mistake
