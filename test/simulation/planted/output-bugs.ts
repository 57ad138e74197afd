import type { PlantedBug } from './bug.ts'

const SINK = 'lib/adapters/object-sink.ts'
const PARTS = 'lib/runtime/sinks/output-parts.ts'

/** Bugs of the outputs: B4. */
export const outputBugs: readonly PlantedBug[] = [
  {
    name: 'outputs published before the commit',
    effect: 'a batch that is given up or tried again looks complete',
    edits: [
      {
        file: PARTS,
        find: 'finished(await (await opened()).finish())',
        replace: `const receipt = await (await opened()).finish()
      await sink.publish?.(batch, fence, receipt)
      finished(receipt)`,
      },
    ],
  },
  {
    name: 'outputs not published after a crash',
    effect: 'a batch that is committed never looks complete',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: 'await publishOutputs(this.#runner, manifest)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'outputs of earlier attempts not published',
    effect: 'an output that an earlier attempt has finished never looks complete',
    edits: [
      {
        file: 'lib/runtime/tasks/outputs-done.ts',
        find: 'return new OutputsDone(found, outputsDone, finished, added)',
        replace: 'return new OutputsDone(found, outputsDone, [], added)',
      },
    ],
  },
  {
    name: 'outputs of a larger input kept',
    effect: 'an output that was written from more than the batch holds is published',
    pipeline: 'uploads',
    edits: [
      {
        file: 'lib/runtime/driver/log.ts',
        find: 'input, outputsDone: new OutputsDone() }',
        replace: 'input, outputsDone: attempt.outputsDone }',
      },
      {
        file: 'lib/runtime/tasks/outputs-done.ts',
        find: 'if (found === this.#found) return this',
        replace: 'return this',
      },
    ],
  },
  {
    name: 'parts written over',
    effect: 'an attempt that stood still puts its part in the place of a newer one',
    test: 'test/unit/runtime/sinks/object-sink.test.ts',
    edits: [
      {
        file: SINK,
        find: `if (await bucket.putIfSeen({ key, bytes, metadata }, undefined))
      return { name`,
        replace: `const seen = await bucket.head(key)
    if (await bucket.putIfSeen({ key, bytes, metadata }, seen))
      return { name`,
      },
    ],
  },
  {
    name: 'parts taken for equal by their names',
    effect: 'a part of an attempt with another input is counted as one of this attempt',
    edits: [
      {
        file: SINK,
        find: 'if (there?.metadata[DIGEST_METADATA] === digest) return',
        replace: 'if (there !== undefined) return',
      },
    ],
  },
  {
    name: 'parts removed before the commit',
    effect: 'an attempt that stood still removes a part that a newer one counts as written',
    edits: [
      {
        file: SINK,
        find: 'const before = await look()\n',
        replace: `const before = await look()
          await removeOthers(place, before)
`,
      },
    ],
  },
  {
    name: 'parts of executors written before the place is looked at',
    effect: 'a part may come to lie among the files of somebody else',
    edits: [
      {
        file: 'lib/runtime/tasks/stage-spreader.ts',
        find: 'await stage.admit?.()\n',
        replace: '',
      },
    ],
  },
  {
    name: 'parts of executors under the numbers of their tasks',
    effect: 'a part is written where another one belongs',
    pipeline: 'kept-lines',
    edits: [
      {
        file: 'lib/rdd/write-stage.ts',
        find: 'const one = packed(index, await',
        replace: 'const one = packed(task, await',
      },
    ],
  },
  {
    name: 'parts of executors counted by their plain names',
    effect: 'the part of an attempt with other code is published as one of this attempt',
    pipeline: 'plain-lines',
    edits: [
      {
        file: SINK,
        find: 'created[partition] = JSON.parse(receipt) as CreatedPart',
        replace: 'created[partition] = { ...JSON.parse(receipt), name: partName(partition) }',
      },
    ],
  },
  {
    name: 'parts of executors under a fence of their own',
    effect: 'a part names an attempt that did not write it',
    pipeline: 'plain-lines',
    edits: [
      {
        file: 'lib/runtime/tasks/task-server.ts',
        find: 'const fence = { app, generation, epoch }',
        replace: 'const fence = { app, generation, epoch: epoch - 1 }',
      },
    ],
  },
  {
    name: 'parts counted when they are sent',
    effect: 'an output is finished whose last parts are not written yet',
    pipeline: 'plain-lines',
    edits: [{ file: PARTS, find: 'await inFlight.ended()\n      finished', replace: 'finished' }],
  },
]
