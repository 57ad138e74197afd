import { batchBugs } from './planted/batch-bugs.ts'
import { type PlantedBug, withoutAssertion } from './planted/bug.ts'
import { headBugs } from './planted/head-bugs.ts'
import { laneBugs } from './planted/lane-bugs.ts'
import { objectBugs } from './planted/object-bugs.ts'
import { personBugs } from './planted/person-bugs.ts'
import { windowBugs } from './planted/window-bugs.ts'

const firstBugs: readonly PlantedBug[] = [
  {
    name: 'membership by receive time',
    effect: 'records received before the interval of a late batch are left out for ever',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/reader.ts',
        find: 'async allocate({ cut = {}, limits, lanes: read })',
        replace: 'async allocate({ cut = {}, limits, lanes: read, timeMs })',
      },
      {
        file: 'lib/runtime/sources/lanes/reader.ts',
        find: 'const lanes = fill(waiting, limits)',
        replace:
          'const lanes = fill(waiting.map((lane) => ({ ...lane, entries: lane.entries.filter((entry) => entry.receivedMs > timeMs - 1_000 && entry.receivedMs <= timeMs) })), limits)',
      },
      {
        file: 'lib/runtime/sources/lanes/reader.ts',
        find: 'for (const lane of lanes) next[lane.lane] =',
        replace: 'for (const lane of waiting) next[lane.lane] =',
      },
    ],
  },
  {
    name: 'children taken beside their parents',
    effect: 'the records of a key come out of order while a backlog is worked off after a reshard',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/reader.ts',
        find: 'entry === undefined || !isOpen(parents)',
        replace: 'entry === undefined',
      },
    ],
  },
  {
    name: 'tail compared with <',
    effect: 'an append that was overtaken goes through and stores records again',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: '      seen = answer.current\n',
        replace:
          '      if (answer.current !== undefined && BigInt(answer.current.tail) < BigInt(entry.last)) {\n        const forced = await withRetries(clock, () => swapLane(store, app, answer.current, { ...next, entries: this.#queueWith(answer.current, delivery.lane, entry) }))\n        if (forced.swapped) return fresh.length\n      }\n      seen = answer.current\n',
      },
    ],
  },
  {
    name: 'lease compared on the epoch alone',
    effect: 'a batch that has just been committed is logged again',
    edits: [
      {
        file: 'lib/runtime/driver/head-writes.ts',
        find: "const UNCHANGED: HeadCondition = ['epoch', 'doneMs', 'generation', 'status', 'owner', 'leaseEndMs', 'logged']",
        replace: "const UNCHANGED: HeadCondition = ['epoch']",
      },
      withoutAssertion(
        'lib/state/head.ts',
        "    invariant('B6', next.doneMs >= seen.doneMs, `done goes back from ${seen.doneMs} to ${next.doneMs}`)\n",
      ),
    ],
  },
  {
    name: 'commit before outputs',
    effect: 'a crash behind the commit leaves a batch without its files',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'outputs: runner.outputs,',
        replace:
          'outputs: { ...runner.outputs, saveText: async (...written) => void late.push(written) },',
      },
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'export const prepareBatch = async',
        replace:
          'export const late: Parameters<Runner["outputs"]["saveText"]>[] = []\nexport const prepareBatch = async',
      },
      {
        file: 'lib/runtime/driver/driver.ts',
        find: 'import { type Before, prepareBatch,',
        replace: 'import { late, type Before, prepareBatch,',
      },
      {
        file: 'lib/runtime/driver/driver.ts',
        find: '      return await this.#afterCommit(committed',
        replace:
          '      for (const written of late.splice(0)) await this.#runner.outputs.saveText(...written)\n      return await this.#afterCommit(committed',
      },
    ],
  },
  {
    name: 'outputs before the log is acknowledged',
    effect: 'a runner that is refused has already written',
    edits: [
      {
        file: 'lib/runtime/driver/head-writes.ts',
        find: '  const written = await swap(runner, head, UNCHANGED, next, (current) => current.owner === attemptId)\n  return (',
        replace:
          '  swap(runner, head, UNCHANGED, next, (current) => current.owner === attemptId).catch(() => undefined)\n  const written = true as const\n  return (',
      },
    ],
  },
  {
    name: 'epoch used as attempt id',
    effect: 'two runners of one epoch both take the lease for theirs',
    edits: [
      {
        file: 'lib/runtime/driver/head-writes.ts',
        find: 'const attemptId = runner.randomness.attemptId()',
        replace: 'const attemptId = String(head.epoch + 1)',
      },
    ],
  },
  {
    name: 'live state advanced before the commit',
    pipeline: 'word-totals',
    effect: 'a batch that is tried again by a warm runner counts twice',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: '      const committed = prepared && (await commitBatch(',
        replace:
          '      prepared?.drafts.withRetries()\n      const committed = prepared && (await commitBatch(',
      },
      { file: 'lib/runtime/driver/driver.ts', find: '    prepared.drafts.withRetries()\n', replace: '' },
      {
        file: 'lib/runtime/driver/driver.ts',
        find: '      if (prepared === undefined || committed === undefined) {\n        this.#goCold()\n',
        replace: '      if (prepared === undefined || committed === undefined) {\n',
      },
      {
        file: 'lib/runtime/driver/driver.ts',
        find: '    } catch (error) {\n      this.#goCold()\n      return this.#failed',
        replace: '    } catch (error) {\n      return this.#failed',
      },
    ],
  },
  {
    name: 'changed values compared by reference',
    effect: 'a state that was changed in place is taken for unchanged and not written',
    edits: [
      {
        file: 'lib/base/packed.ts',
        find: '  readonly code: string\n',
        replace: '  readonly code: string\n  handedOut: unknown\n',
      },
      {
        file: 'lib/base/packed.ts',
        find: 'stored instanceof Packed ? decodeLatin1(stored.code) : stored',
        replace:
          'stored instanceof Packed ? (stored.handedOut = decodeLatin1(stored.code)) : stored',
      },
      {
        file: 'lib/state/state-partition.ts',
        find: '    const stored = pack(state)\n',
        replace:
          '    const stored = pack(state)\n    const old = this.#base.stored(key)\n    if (old instanceof Packed && old.handedOut === state) return\n',
      },
    ],
  },
  {
    name: 'insertion order in outputs',
    effect: 'the same batch gives other bytes when it is computed from a cold start',
    edits: [
      {
        file: 'lib/base/keys.ts',
        find: "if (keys.every((key) => typeof key === 'string')) keys.sort()\n    else keys.sort(compareSimple)",
        replace: '',
      },
    ],
  },
  {
    name: 'rest checked before the append',
    effect: 'the head goes to rest between the check and the append, and nobody wakes it',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: '    const appended = await this.#appendNew(delivery.lane, () => delivery, nowMs)\n    await this.#wakeHead()\n',
        replace:
          '    await this.#wakeHead()\n    const appended = await this.#appendNew(delivery.lane, () => delivery, nowMs)\n',
      },
    ],
  },
  {
    name: 'a live segment deleted',
    effect: 'the state of keys that have not changed is gone',
    edits: [
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: '    for (const ref of stateSegments(manifest)) reachable.add(segmentId(ref))\n',
        replace: '',
      },
    ],
  },
  {
    name: 'old generation allowed to run',
    effect: 'an old deployment takes the lease of a new one',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: "    if (head.generation > this.#runner.generation) return { kind: 'superseded', generation: head.generation }\n",
        replace: '',
      },
      {
        file: 'lib/runtime/driver/adopt.ts',
        find: '  if (head.generation > runner.generation) return head\n',
        replace:
          '  if (head.generation > runner.generation) return isLeaseHeld(head, nowMs, runner.leaseMs) ? head : adopt(runner, head)\n',
      },
      withoutAssertion(
        'lib/state/head.ts',
        "    invariant('B10', next.generation >= seen.generation, `the generation goes back from ${seen.generation} to ${next.generation}`)\n",
      ),
    ],
  },
]

/** All of them. */
export const plantedBugs: readonly PlantedBug[] = [
  ...firstBugs,
  ...headBugs,
  ...laneBugs,
  ...batchBugs,
  ...objectBugs,
  ...personBugs,
  ...windowBugs,
]
