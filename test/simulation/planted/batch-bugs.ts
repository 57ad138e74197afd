import type { PlantedBug } from './bug.ts'

/** Bugs of running a batch, of state, and of garbage. */
export const batchBugs: readonly PlantedBug[] = [
  {
    name: 'retry that allocates anew',
    effect: 'a second attempt has other records than the input that is logged',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: `const input = await loadBatchInput(
          this.#runner.store, this.#runner.app, logged.input
        )`,
        replace: `const { manifest } = before
    await loadBatchInput(this.#runner.store, this.#runner.app, logged.input)
    const input = await allocateBatch(
      this.#runner, head, manifest, { timeMs: logged.timeMs, nowMs }, new Map()
    )`,
      },
    ],
  },
  {
    name: 'cap ignored on re-run',
    effect: 'a second attempt takes all that waits by then',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: `const input = await loadBatchInput(
          this.#runner.store, this.#runner.app, logged.input
        )`,
        replace: `const { manifest } = before
    await loadBatchInput(this.#runner.store, this.#runner.app, logged.input)
    const input = await allocateBatch(
      this.#runner, head, manifest, { timeMs: logged.timeMs, nowMs }, new Map()
    )`,
      },
      {
        file: 'lib/runtime/driver/allocate.ts',
        find: 'const limits = capOf(plan.options.limits, head.load)\n',
        replace: `const limits =
    head.logged === undefined
      ? capOf(plan.options.limits, head.load)
      : { records: Infinity, bytes: Infinity, objects: Infinity }
`,
      },
    ],
  },
  {
    name: 'smaller input not logged',
    effect: 'what one attempt finds gone the next one may find',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'input === logged.input ? logged : await logAgain(runner, logged, input)',
        replace: 'logAgain === undefined ? undefined : { ...logged, input }',
      },
    ],
  },
  {
    name: 'smaller input under the name of the first',
    effect: 'the head names bytes that are no longer there if the attempt ends before it is logged',
    edits: [
      {
        file: 'lib/runtime/driver/log.ts',
        find: 'const name = randomness.attemptId()\n',
        replace: 'const name = attemptId\n',
      },
    ],
  },
  {
    name: 'outputs left out of a retry',
    effect: 'a batch whose first attempt died is committed without its files',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'plan: runner.plan,',
        replace: 'plan: number > 1 ? { ...runner.plan, outputs: [] } : runner.plan,',
      },
    ],
  },
  {
    name: 'outputs under an older fence',
    effect: 'outputs carry the fence of the attempt before',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'generation: runner.generation, epoch: head.epoch }',
        replace: 'generation: runner.generation, epoch: head.epoch - 1 }',
      },
    ],
  },
  {
    name: 'dead letter after the commit',
    pipeline: 'plain-lines',
    effect: 'a batch is true and its bad records are put aside nowhere',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'await withRetries(clock, () => storeDeadLetters(store, app, kept, origin))\n',
        replace: '',
      },
      {
        file: 'lib/runtime/driver/report.ts',
        find: "import { noteBatch } from '../../state/history/write-history.ts'\n",
        replace: `import { storeDeadLetters } from '../../state/dead-letters.ts'
import { noteBatch } from '../../state/history/write-history.ts'
`,
      },
      {
        file: 'lib/runtime/driver/report.ts',
        find: 'for (const one of deadLetters) listen(eventOf(one))\n',
        replace: `const origin = { timeMs, epoch: attempt.head.epoch }
  await storeDeadLetters(store, app, deadLetters, origin)
  for (const one of deadLetters) listen(eventOf(one))
`,
      },
    ],
  },
  {
    name: 'poison breaker off',
    test: 'test/unit/rdd/bad-records.test.ts',
    effect: 'broken code puts everything aside as bad records',
    edits: [
      {
        file: 'lib/rdd/bad-records.ts',
        find: 'bad > most && bad > records * share',
        replace: 'bad > Infinity && bad > records * share',
      },
    ],
  },
  {
    name: 'manifest without a delta',
    effect: 'what a batch has changed is gone at the next cold start',
    edits: [
      {
        file: 'lib/state/state-log.ts',
        find: 'const list = this.#list.append([ref], namePage)',
        replace:
          'const list = this.#list.refs.length === 3 ? this.#list : ' +
          'this.#list.append([ref], namePage)',
      },
    ],
  },
  {
    name: 'merge dropping a delta',
    effect: 'a partition that is written anew lacks the changes of its batch',
    edits: [
      {
        file: 'lib/state/state-partition.ts',
        find: 'const after = this.#afterOf(this.#base.sortedOnce())',
        replace: 'const after = this.#base.sortedOnce()',
      },
    ],
  },
  {
    name: 'garbage not kept for three manifests',
    effect: 'a reader that is one batch behind misses its state',
    edits: [
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: 'this.#retired.length >= KEPT_MANIFESTS ?',
        replace: 'this.#retired.length >= 1 ?',
      },
    ],
  },
  {
    name: 'sweep without the logged input',
    effect: 'the input of the logged batch is deleted',
    edits: [
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: '? name.at <= doneTime',
        replace: "? name.at !== ''",
      },
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: "[head.manifest, typeof input === 'string' ? undefined : input]",
        replace: "[head.manifest, typeof input === 'string' ? undefined : undefined]",
      },
    ],
  },
  {
    name: 'history not waited for',
    effect: 'a function answers with a write under way',
    edits: [
      {
        file: 'lib/runtime/driver/attempt.ts',
        find: 'await reportBatch(',
        replace: 'void reportBatch(',
      },
    ],
  },
  {
    name: 'sweep not waited for',
    effect: 'one call of a sweep fails, and the others go on behind the answer',
    edits: [
      {
        file: 'lib/base/concurrency.ts',
        find: 'const ended = await Promise.allSettled(all as readonly Promise<unknown>[])\n',
        replace: `const every = [...(all as readonly Promise<unknown>[])]
  await Promise.all(every)
  const ended = await Promise.allSettled(every)
`,
      },
    ],
  },
  {
    name: 'segment with a TTL',
    effect: 'state that has not changed for long expires',
    edits: [{ file: 'lib/state/segments.ts', find: 'codec }', replace: 'codec, ttl: 1 }' }],
  },
]
