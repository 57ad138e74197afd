import type { PlantedBug } from './bug.ts'

const SINK = 'lib/adapters/object-sink.ts'

/** Bugs of the outputs: B4. */
export const outputBugs: readonly PlantedBug[] = [
  {
    name: 'outputs published before the commit',
    effect: 'a batch that is given up or tried again looks complete',
    edits: [
      {
        file: 'lib/runtime/sinks/outputs.ts',
        find: 'if (sink.publish === undefined) return undefined\n',
        replace: `await sink.publish?.({ path: location.path, timeMs }, fence, receipt)
      if (sink.publish === undefined) return undefined
`,
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
        find: 'return new OutputsDone(logged?.found, logged?.outputsDone, logged?.finished)',
        replace: 'return new OutputsDone(logged?.found, logged?.outputsDone)',
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
        find: 'const there = await readExisting(place)\n          const numbered',
        replace: `const there = await readExisting(place)
          await removeOthers(place, there)
          const numbered`,
      },
    ],
  },
]
