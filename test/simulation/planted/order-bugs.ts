import type { PlantedBug } from './bug.ts'

/** Bugs of what a batch does at the same time, and of what its commit leaves to be done. */
export const orderBugs: readonly PlantedBug[] = [
  {
    name: 'commit that does not wait for segments',
    effect: 'a crash after the commit leaves a manifest that names what was never written',
    edits: [
      {
        file: 'lib/runtime/driver/write-states.ts',
        find: 'await allOrFirstError([...segments, named].map(',
        replace: `for (const one of segments) void putSegment(store, one).catch(() => undefined)
  await allOrFirstError([named].map(`,
      },
    ],
  },
  {
    name: 'state written before it is computed',
    effect: 'what the outputs of a batch show is gone after a cold start',
    edits: [
      {
        file: 'lib/runtime/tasks/execute.ts',
        find: 'const failure = await computeStates(execution.plan, rdds)',
        replace: 'const failure = computeStates === undefined ? { cause: undefined } : undefined',
      },
    ],
  },
  {
    name: 'state written though a part of it failed',
    pipeline: 'inverse-windows',
    effect: 'a batch is committed without what a function that throws now and then gave',
    edits: [
      {
        file: 'lib/runtime/tasks/execute.ts',
        find: 'failure ??= { cause }',
        replace: 'failure ??= undefined',
      },
      {
        file: 'lib/runtime/tasks/execute.ts',
        find: 'if (failures.size > 0) throw failureOf(failures)',
        replace: 'if (failures.size > Infinity) throw failureOf(failures)',
      },
    ],
  },
  {
    name: 'what the batch before has left put into the head',
    effect: 'the outputs of the batch never look complete',
    edits: [
      {
        file: 'lib/runtime/driver/commit.ts',
        find: 'manifest: manifestRef, afterCommit,',
        replace: 'manifest: manifestRef, afterCommit: head.afterCommit ?? afterCommit,',
      },
    ],
  },
  {
    name: 'what a commit has left not read',
    effect: 'a batch whose process died after the commit never looks complete',
    edits: [
      {
        file: 'lib/runtime/driver/last-manifest.ts',
        find: '{ ...stored, ...afterCommit }',
        replace: '{ ...afterCommit, ...stored }.timeMs === undefined ? stored : { ...stored }',
      },
    ],
  },
  {
    name: 'manifest written again under its name',
    effect: 'a segment that a late process may still write has two contents',
    edits: [
      {
        file: 'lib/runtime/driver/write-states.ts',
        find: 'nameManifest(store, app, `${attemptId}.1`, manifest)',
        replace: 'nameManifest(store, app, attemptId, manifest)',
      },
    ],
  },
]
