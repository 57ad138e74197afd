import { type PlantedBug, withoutAssertion } from './bug.ts'

/** The first bug of each invariant of the batch protocol. */
export const protocolBugs: readonly PlantedBug[] = [
  {
    name: 'membership by receive time',
    effect: 'records received before the interval of a late batch are left out for ever',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/reader.ts',
        find: 'offsets: { lanes: offsets = {} }, limits, lanes: read })',
        replace: 'offsets: { lanes: offsets = {} }, limits, lanes: read, timeMs })',
      },
      {
        file: 'lib/runtime/sources/lanes/reader.ts',
        find: 'const taken = inputOf(takeEntries(waiting, limits), offsets)',
        replace: `const isOfInterval = ({ receivedMs }) =>
        receivedMs > timeMs - 1_000 && receivedMs <= timeMs
      const received = waiting.map((lane) => ({
        ...lane,
        entries: lane.entries.filter(isOfInterval),
      }))
      const next = { ...offsets }
      for (const lane of waiting) next[lane.lane] = lastOf(lane, next[lane.lane] ?? BEGINNING)
      const input = inputOf(takeEntries(received, limits), offsets)
      const taken = { ...input, offsets: { lanes: next } }`,
      },
    ],
  },
  {
    name: 'children taken beside their parents',
    effect: 'the records of a key come out of order while a backlog is worked off after a reshard',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/waiting-lanes.ts',
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
        find: 'await discardUnnamed(this.#parts, written, seen?.tail ?? BEGINNING, stored)\n',
        replace: `const there = stored
      const entry = next.entries.at(-1)
      if (there !== undefined && entry !== undefined && BigInt(there.tail) < BigInt(next.tail)) {
        const forcing = { lane, entry, by: attemptId }
        const { written: _, ...queue } = await this.#queue.with(there, forcing)
        const forced = await swapCounted(this.#parts, there, { ...next, ...queue })
        if (forced?.by === attemptId) return count
      }
      await discardUnnamed(this.#parts, written, seen?.tail ?? BEGINNING, there)
`,
      },
    ],
  },
  {
    name: 'lease compared on the epoch alone',
    effect: 'a batch that has just been committed is logged again',
    edits: [
      {
        file: 'lib/runtime/driver/log.ts',
        find: `const UNCHANGED: HeadCondition = [
          'epoch', 'doneMs', 'generation', 'status', 'owner', 'leaseEndMs', 'logged'
        ]`,
        replace: "const UNCHANGED: HeadCondition = ['epoch']",
      },
      withoutAssertion('lib/state/head.ts', 'next.doneMs >= seen.doneMs'),
    ],
  },
  {
    name: 'commit before outputs',
    effect: 'a crash after the commit leaves a batch without its files',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'outputs: runner.outputs,',
        replace: `outputs: {
          ...runner.outputs,
          openParts: async (...place) => {
            const parts = await runner.outputs.openParts(...place)
            return parts && { ...parts, finish: async () => void late.push(parts) }
          },
        },`,
      },
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'export const prepareBatch = async',
        replace: `export const late: { finish(): Promise<void> }[] = []
export const prepareBatch = async`,
      },
      {
        file: 'lib/runtime/driver/attempt.ts',
        find: 'import { prepareBatch,',
        replace: 'import { late, prepareBatch,',
      },
      {
        file: 'lib/runtime/driver/attempt.ts',
        find: 'return await afterCommit(world, done.committed',
        replace: `for (const parts of late.splice(0)) await parts.finish()
    return await afterCommit(world, done.committed`,
      },
    ],
  },
  {
    name: 'outputs before the log is acknowledged',
    effect: 'a runner that is refused has already written',
    edits: [
      {
        file: 'lib/runtime/driver/log.ts',
        find: `const isLogged = await swapHead(
          runner, head, UNCHANGED, next, (current) => current.owner === attemptId
        )`,
        replace: `const isMine = (current) => current.owner === attemptId
  void swapHead(runner, head, UNCHANGED, next, isMine).catch(() => undefined)
  const isLogged = true`,
      },
    ],
  },
  {
    name: 'epoch used as attempt id',
    effect: 'two runners of one epoch both take the lease for theirs',
    edits: [
      {
        file: 'lib/runtime/driver/log.ts',
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
        file: 'lib/runtime/driver/attempt.ts',
        find: 'drafts.publish()\n',
        replace: '',
      },
      {
        file: 'lib/runtime/driver/attempt.ts',
        find: "const committed = await inPhase(spans, 'commit', () =>",
        replace: `prepared.drafts.publish()
  const committed = await inPhase(spans, 'commit', () =>`,
      },
      {
        file: 'lib/runtime/driver/attempt.ts',
        find: 'return { outcome: PROGRESSED, after: undefined }',
        replace: 'return { outcome: PROGRESSED, after: before }',
      },
      {
        file: 'lib/runtime/driver/attempt.ts',
        find: 'attempt, read, tracing }, error), after: undefined }',
        replace: 'attempt, read, tracing }, error), after: before }',
      },
      {
        file: 'lib/runtime/driver/driver.ts',
        find: 'this.#before = undefined const { outcome, after } =',
        replace: 'const { outcome, after } =',
      },
    ],
  },
  {
    name: 'changed values compared by reference',
    effect: 'a state that was changed in place is taken for unchanged and not written',
    edits: [
      {
        file: 'lib/base/packed.ts',
        find: 'readonly code: string\n',
        replace: `readonly code: string
  handedOut: unknown
`,
      },
      {
        file: 'lib/base/packed.ts',
        find: 'stored instanceof Packed ? decodeLatin1(stored.code) : stored',
        replace:
          'stored instanceof Packed ? (stored.handedOut = decodeLatin1(stored.code)) : stored',
      },
      {
        file: 'lib/state/state-partition.ts',
        find: 'import { pack, samePacked,',
        replace: 'import { pack, Packed, samePacked,',
      },
      {
        file: 'lib/state/state-partition.ts',
        find: 'const stored = pack(state)\n',
        replace: `const stored = pack(state)
    const old = this.#base.stored(key)
    if (old instanceof Packed && old.handedOut === state) return
`,
      },
    ],
  },
  {
    name: 'insertion order in outputs',
    effect: 'the same batch gives other bytes when it is computed from a cold start',
    edits: [
      {
        file: 'lib/base/keys.ts',
        find: 'sortTogether(keys, values, compareSimple)',
        replace: '',
      },
    ],
  },
  {
    name: 'rest checked before the append',
    effect: 'the head goes to rest between the check and the append, and nobody wakes it',
    test: 'test/unit/functions/changed-sources.test.ts',
    edits: [
      {
        file: 'lib/runtime/intake/intake.ts',
        find: `const appended = await this.#appendNew(delivery.lane, () => delivery, {
            nowMs: clock.now(),
            deadlineMs,
          })
          await this.#wakeHead()`,
        replace: `await this.#wakeHead()
    const times = { nowMs: clock.now(), deadlineMs }
    const appended = await this.#appendNew(delivery.lane, () => delivery, times)`,
      },
    ],
  },
  {
    name: 'a live segment deleted',
    effect: 'the state of keys that have not changed is gone',
    edits: [
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: 'this.#statesOf(kept), ',
        replace: 'this.#statesOf(kept.slice(1)), ',
      },
    ],
  },
  {
    name: 'old generation allowed to run',
    effect: 'an old deployment takes the lease of a new one',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: `if (head.generation > generation)
          return { kind: 'superseded', generation: head.generation }`,
        replace: '',
      },
      {
        file: 'lib/runtime/driver/adopt.ts',
        find: 'if (head.generation > runner.generation) return head\n',
        replace: `if (head.generation > runner.generation)
    return isLeaseHeld(head, nowMs, runner.leaseMs) ? head : adopt(runner, head)
`,
      },
      withoutAssertion('lib/state/head.ts', 'next.generation >= seen.generation'),
    ],
  },
]
