import type { PlantedBug } from './bug.ts'

/** Bugs of running a batch, of state, and of what is left behind. */
export const batchBugs: readonly PlantedBug[] = [
  {
    name: 'retry that allocates anew',
    effect: 'a second attempt has other records than the plan that is logged',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: '    const plan = await loadPlan(this.#runner.store, this.#runner.app, logged.plan)\n',
        replace:
          '    await loadPlan(this.#runner.store, this.#runner.app, logged.plan)\n    const plan = await this.#allocate(head, before, logged.timeMs, new Map())\n',
      },
    ],
  },
  {
    name: 'cap ignored on re-run',
    effect: 'a second attempt takes all that waits by then',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: '    const plan = await loadPlan(this.#runner.store, this.#runner.app, logged.plan)\n',
        replace:
          '    await loadPlan(this.#runner.store, this.#runner.app, logged.plan)\n    const plan = await this.#allocate(head, before, logged.timeMs, new Map())\n',
      },
      {
        file: 'lib/runtime/driver/driver.ts',
        find: '    const { limits } = this.#runner.plan.options\n',
        replace:
          '    const limits = head.logged === undefined ? this.#runner.plan.options.limits : { records: Infinity, bytes: Infinity, objects: Infinity }\n',
      },
    ],
  },
  {
    name: 'block of another code taken',
    pipeline: 'plain-lines',
    effect: 'what an old deployment has made of a block stands for what the new one makes of it',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/reader.ts',
        find: '          lane,\n          ...(await',
        replace: '          lane,\n          made: ref.by + ref.at,\n          ...(await',
      },
      {
        file: 'lib/runtime/sources/lanes/reader.ts',
        find: '[partitionOf(one.lane, one.block, putAside)]',
        replace:
          '[partitionOf(one.lane, one.block, putAside)].map((made) => (Object.assign(made.origin, { made: one.made }), made))',
      },
      {
        file: 'lib/rdd/evaluate.ts',
        find: 'export const evaluate = ',
        replace: 'const computed = new Map()\nexport const evaluate = ',
      },
      {
        file: 'lib/rdd/evaluate.ts',
        find: '  const push = chain(steps, open())\n  try {\n    for (let i = 0; i < records.length; i++) push(records[i])\n',
        replace:
          '  const name = partition.origin?.made && partition.origin.made + steps.map(({ label }) => label)\n  if (computed.has(name)) return computed.get(name).forEach(open())\n  const outputs = []\n  const push = chain(steps, (element) => outputs.push(element))\n  try {\n    for (let i = 0; i < records.length; i++) push(records[i])\n    if (name !== undefined) computed.set(name, outputs)\n    outputs.forEach(open())\n',
      },
    ],
  },
  {
    name: 'smaller plan not logged',
    effect: 'what one attempt finds gone the next one may find',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'const attempt = plan === logged.plan ? logged : await logAgain(runner, logged, plan)',
        replace: 'const attempt = logAgain === undefined ? undefined : { ...logged, plan }',
      },
    ],
  },
  {
    name: 'smaller plan under the name of the first',
    effect: 'the head names bytes that are no longer there if the attempt ends before it is logged',
    edits: [
      {
        file: 'lib/runtime/driver/head-writes.ts',
        find: '  const name = runner.randomness.attemptId()\n',
        replace: '  const name = attemptId\n',
      },
    ],
  },
  {
    name: 'outputs left out of a retry',
    effect: 'a batch whose first attempt died is committed without its files',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: '  await execute({\n    plan: runner.plan,',
        replace:
          '  await execute({\n    plan: attempt.number > 1 ? { ...runner.plan, outputs: [] } : runner.plan,',
      },
    ],
  },
  {
    name: 'older fence written under',
    effect: 'outputs carry the fence of the attempt before',
    edits: [
      {
        file: 'lib/runtime/driver/run.ts',
        find: 'generation: runner.generation, epoch: attempt.head.epoch }',
        replace: 'generation: runner.generation, epoch: attempt.head.epoch - 1 }',
      },
    ],
  },
  {
    name: 'fence ignored by a sink',
    effect: 'a zombie puts its files in the place of newer ones',
    edits: [
      {
        file: 'lib/adapters/output-layout.ts',
        find: '  if (!isOlderFence(fence, there)) return\n',
        replace: '  if (there !== undefined) return\n',
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
        find: '  await withRetries(runner.clock, () => storeDeadLetters(runner.store, runner.app, kept, origin))\n',
        replace: '',
      },
      {
        file: 'lib/runtime/driver/run.ts',
        find: '  for (const letter of letters)\n',
        replace:
          '  await storeDeadLetters(runner.store, runner.app, letters, { timeMs, epoch: attempt.head.epoch })\n  for (const letter of letters)\n',
      },
    ],
  },
  {
    name: 'poison breaker off',
    pipeline: 'plain-lines',
    effect: 'broken code puts everything aside as bad records',
    edits: [
      {
        file: 'lib/rdd/evaluate.ts',
        find: 'bad > POISON_RECORDS_MAX && bad > records.length',
        replace: 'bad > Infinity && bad > records.length',
      },
    ],
  },
  {
    name: 'manifest without a delta',
    effect: 'what a batch has changed is gone at the next cold start',
    edits: [
      {
        file: 'lib/state/state-partition.ts',
        find: ': [...before, flush(this.delta())]',
        replace: ': before.length === 3 ? before : [...before, flush(this.delta())]',
      },
    ],
  },
  {
    name: 'merge dropping a delta',
    effect: 'a partition that is written anew lacks the changes of its batch',
    edits: [
      {
        file: 'lib/state/state-partition.ts',
        find: 'encode([this.#after().map(',
        replace: 'encode([this.#base.sorted().map(',
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
    name: 'sweep without the logged plan',
    effect: 'the plan of the batch in hand is deleted',
    edits: [
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: '(at) => at <= doneTime)',
        replace: '(at) => at <= doneTime || node === BATCH_INPUT_NODE)',
      },
      {
        file: 'lib/runtime/driver/garbage.ts',
        find: "for (const ref of [head.manifest, typeof loggedPlan === 'string' ? undefined : loggedPlan])",
        replace:
          "for (const ref of [head.manifest, typeof loggedPlan === 'string' ? undefined : undefined])",
      },
    ],
  },
  {
    name: 'history not waited for',
    effect: 'a function answers with a write under way',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: '    await recordHistory(',
        replace: '    void recordHistory(',
      },
    ],
  },
  {
    name: 'sweep not waited for',
    effect: 'one call of a sweep fails, and the others go on behind the answer',
    edits: [
      {
        file: 'lib/base/all-or-first-error.ts',
        find: '  const ended = await Promise.allSettled(all as readonly Promise<unknown>[])\n',
        replace:
          '  const every = [...(all as readonly Promise<unknown>[])]\n  await Promise.all(every)\n  const ended = await Promise.allSettled(every)\n',
      },
    ],
  },
  {
    name: 'segment with a TTL',
    effect: 'state that has not changed for long expires',
    edits: [{ file: 'lib/state/segments.ts', find: 'codec }', replace: 'codec, ttl: 1 }' }],
  },
]
