/**
 * The protocol's rules, as data: what each conditional write compares, and by name the ways to get
 * it wrong. `test/model/honesty.test.ts` holds the conditions against the ones in `lib/`.
 */
import type { Bounds, HeadField, HeadWriteKind } from './world.ts'

/** One condition or one order of the protocol done wrong. */
export type Mistake =
  | 'attempt id is the epoch'
  | 'retry allocates anew'
  | 'output before log'
  | 'commit before output'
  | 'sink ignores the fence'
  | 'sink compares generations alone'
  | 'sink looks, then writes'
  | 'state kept after a failed attempt'
  | 'memory not compared with the head'
  | 'tail compared with <'
  | 'tail not compared'
  | 'redelivered records not dropped'
  | 'lane remembered before it is appended to'
  | 'acknowledged before append'
  | 'dead letter after append'
  | 'membership by receive time'
  | 'cut at the tail'
  | 'cut read again at commit'
  | 'child taken beside its parent'
  | 'parents not read again'
  | 'entry behind the cut taken whole'
  | 'two feeders of a lane'
  | 'no second look'
  | 'second look before rest'
  | 'wake before append'
  | 'adoption does not look at the lanes'
  | 'nobody calls every minute'
  | 'lower generation runs'
  | 'adoption forgets the logged batch'
  | 'adoption keeps the output'
  | 'output counts before it is written'
  | 'failed application runs on'
  | 'skip leaves the cut of the manifest'
  | 'previous manifest is garbage'
  | 'garbage of any time'
  | 'blocks behind the tail are garbage'
  | 'blocks deleted when logged'
  | 'segments expire'
  | 'manifest not written'
  | 'missing segment taken for lost'
  | 'block missing beside the log taken for lost'

/** What the protocol does. */
export interface Rules {
  readonly compares: Readonly<Record<HeadWriteKind, readonly HeadField[]>>
  readonly mistake?: Mistake
}

const UNCHANGED: readonly HeadField[] = ['epoch', 'done', 'generation', 'status', 'owner', 'logged']
const MINE: readonly HeadField[] = ['epoch', 'owner', 'generation', 'next']

/** As it is meant to be. */
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

/** Rules within bounds: what all of the model's functions are given. */
export interface Model {
  readonly rules: Rules
  readonly bounds: Bounds
}

export const errs = ({ rules }: Model, mistake: Mistake): boolean => rules.mistake === mistake
