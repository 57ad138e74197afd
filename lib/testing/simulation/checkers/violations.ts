/**
 * The name of a checker: an invariant of docs/internals/protocol.md, or another property that must
 * hold.
 */
export type CheckerName =
  | `B${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}`
  | 'totals'
  | 'tasks'
  | 'awaited'
  | 'assertion'
  | 'crash'
  | 'progress'
  | 'reproducible'

/** The property that each checker of the simulation checks. */
export const checkerPromises: Readonly<Record<CheckerName, string>> = {
  B1:
    'what is stored of a lane is what was put into it, in order, each record once, up to its ' +
    'tail; nothing more is acknowledged; a dead letter is redriven once',
  B2:
    'each lease logs a batch under a new epoch and a new attempt id; a logged batch keeps its ' +
    'input; only the process that logged it writes outputs',
  B3: 'the same batch, or task, computed by the same code gives the same bytes',
  B4:
    'outputs are written when their batch is committed, are of that batch, look complete only ' +
    'then, and hold for ever what the committed attempt has written; who only lists the ' +
    'directories of a table finds no row twice and none that is not committed, at every write',
  B5:
    'the holder of the lease makes the commit, for the logged batch, and the commit names its ' +
    'own manifest',
  B6: 'batches are logged and committed in the order of their times, on the grid, each once',
  B7:
    'blocks that an input names are there, and hold what was put; what a batch skips is nowhere ' +
    'any more',
  B8:
    'a batch keeps within its limits, which grow only with what batches have taken; items and ' +
    'their keys keep within theirs, and a minute has no more triggers than batches',
  B9:
    'a bad record, or an object that cannot be read, is put aside before its batch is true, and ' +
    'listed once at the end; broken code commits nothing, retries keep their pauses, FAILED ' +
    'comes no sooner than it may',
  B10:
    'only the generation of the head writes it; a newer one adopts it when its lease is free; ' +
    'none goes back',
  B11: 'nothing reachable is deleted, expires, is missing, or is written over',
  B12: 'a head at rest has nothing to do when nothing is on its way',
  totals:
    'each batch takes what follows the last, without gap or repetition; its outputs and the ' +
    'state after it are those of the model; at the end everything is in',
  tasks:
    'an executor computes only for its own generation and plan, puts aside only what is in its ' +
    'batch, and writes nothing but parts of outputs; each record and each dead letter of a batch ' +
    'counts once',
  awaited: 'a function that answers or fails has no call under way',
  assertion:
    'the code finds none of its own invariants broken, and fails with no error except those of ' +
    'the faults',
  crash:
    'whatever fails, fails with an error of this project; anything else comes from code that ' +
    'does not run, and does not count as finding a planted bug',
  progress: 'without faults the world is done within 20 minutes',
  reproducible: 'the same seed gives the same run',
}

/** A violation that a checker has found. */
export interface Violation {
  readonly checker: CheckerName
  readonly what: string
}

/** Collects the violations that checkers find. */
export class Violations {
  readonly violations: Violation[] = []

  fail(checker: CheckerName, what: string): void {
    this.violations.push({ checker, what })
  }

  expect(checker: CheckerName, holds: boolean, what: () => string): void {
    if (!holds) this.fail(checker, what())
  }
}
