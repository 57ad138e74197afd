import type { PlantedBug } from './bug.ts'

const SPREAD = 'lib/runtime/tasks/spread-stage.ts'
const SERVER = 'lib/runtime/tasks/task-server.ts'
const STATES = 'lib/runtime/tasks/state-server.ts'

/** Bugs of tasks that executors compute. */
export const executorBugs: readonly PlantedBug[] = [
  {
    name: 'dead letters of an answer dropped',
    effect: 'a record that was bad in an executor is nowhere',
    pipeline: 'plain-lines',
    edits: [
      {
        file: SPREAD,
        find: 'for (const one of answer.deadLetters) this.#parts.putAside(one)',
        replace: '',
      },
    ],
  },
  {
    name: 'dead letters of the task before given again',
    effect: 'records of an earlier batch are dead letters of this one',
    pipeline: 'plain-lines',
    edits: [
      { file: SERVER, find: 'this.#deadLetters = []\n    this.#counted', replace: 'this.#counted' },
    ],
  },
  {
    name: 'task taken from two',
    effect: 'a task that an executor and the driver have run counts twice',
    pipeline: 'word-totals',
    edits: [
      {
        file: SPREAD,
        find: 'if (this.#isDone(index)) continue',
        replace: 'if (this.#isDone(index)) await this.#stage.take(data)',
      },
    ],
  },
  {
    name: 'late answer taken as well',
    effect: 'a task that the driver has run too counts twice',
    test: 'test/unit/runtime/tasks/spread-stage.test.ts',
    edits: [
      {
        file: SPREAD,
        find: 'if (!this.#away.delete(index)) return',
        replace: `const takeAgain = (): void => void this.#stage.take(resultIn(answer.data))
    if (!this.#away.delete(index)) return takeAgain()`,
      },
    ],
  },
  {
    name: 'results taken as they arrive',
    effect: 'elements are in the order in which executors were done',
    pipeline: 'key-order',
    edits: [
      {
        file: SPREAD,
        find: 'this.#results.set(index, result)',
        replace: 'this.#results.set(this.#arrived++, result)',
      },
      { file: SPREAD, find: '#longestMs = 0', replace: '#longestMs = 0\n  #arrived = 0' },
    ],
  },
  {
    name: 'task of a refusal left out',
    effect: 'what an executor does not give is in no batch',
    pipeline: 'word-totals',
    edits: [
      {
        file: SPREAD,
        find: 'if (this.#away.delete(index)) this.#again.push(index)',
        replace: 'if (this.#away.delete(index)) this.#keep(index, () => [])',
      },
    ],
  },
  {
    name: 'executor of another generation answers',
    effect: 'a batch is made by the code of two deployments',
    edits: [{ file: SERVER, find: 'request.generation !== generation ||', replace: '' }],
  },
  {
    name: 'batch of an executor never opened again',
    effect: 'a task is computed from the records of an earlier batch',
    edits: [
      {
        file: SERVER,
        find: 'if (this.#openKey === key && this.#open !== undefined)',
        replace: 'if (this.#open !== undefined)',
      },
      { file: SERVER, find: 'open.read.found !== request.found', replace: 'false' },
    ],
  },
  {
    name: 'executor that has found something else answers',
    effect: 'an object that has gone shifts what is in the tasks of executors',
    test: 'test/unit/runtime/tasks/changed-input.test.ts',
    edits: [{ file: SERVER, find: 'open.read.found !== request.found', replace: 'false' }],
  },
  {
    name: 'records of an answer not counted',
    effect: 'a batch says that it has fewer records than it has',
    pipeline: 'files-in-time',
    edits: [
      {
        file: SPREAD,
        find: 'for (const part of answer.counted) this.#parts.count(part)',
        replace: '',
      },
    ],
  },
  {
    name: 'records of two readers added up',
    effect: 'a part that the driver has read too counts twice',
    pipeline: 'files-in-time',
    edits: [
      {
        file: 'lib/runtime/driver/read-records.ts',
        find: 'counts.set(`${part[0]}#${part[1]}`, part[2])',
        replace: `const key = part.slice(0, 2).join()
    counts.set(key, (counts.get(key) ?? 0) + part[2])`,
      },
    ],
  },
  {
    name: 'stage that leaves its tasks behind',
    effect: 'a function answers while executors still work for it',
    edits: [
      {
        file: SPREAD,
        find: 'await Promise.all([...away, this.#taking])',
        replace: 'await this.#taking',
      },
    ],
  },
  {
    name: 'elements of another partition given',
    effect: 'a task computes what another one has computed',
    edits: [
      {
        file: 'lib/runtime/tasks/given.ts',
        find: 'of: async (index) => encode(columnOf(await rdd.elements(index))),',
        replace: 'of: async () => encode(columnOf(await rdd.elements(0))),',
      },
    ],
  },
  {
    name: 'partition in memory taken as it is',
    effect: 'an executor goes on from an attempt that failed, or lacks what another one did',
    pipeline: 'timed-keys',
    edits: [
      {
        file: STATES,
        find: 'if (held?.after === JSON.stringify(before)) {',
        replace: 'if (held !== undefined) {',
      },
    ],
  },
  {
    name: 'partition in memory without its last batch',
    effect: 'what the last batch changed is not in the state that an executor moves',
    pipeline: 'two-sources',
    edits: [
      { file: STATES, find: 'for (const draft of held.drafts) draft.publish()', replace: '' },
    ],
  },
  {
    name: 'partition kept over a failed attempt',
    effect: 'what an attempt that failed has done in memory counts in the next one',
    pipeline: 'timed-keys',
    edits: [
      {
        file: STATES,
        find: 'readonly after: string',
        replace: 'readonly after: string\n  readonly before: string',
      },
      {
        file: STATES,
        find: '{ partitions, drafts, after, slice,',
        replace: '{ partitions, drafts, after, before: JSON.stringify(request.before), slice,',
      },
      {
        file: STATES,
        find: 'return allOrFirstError(',
        replace: `if (held?.before === JSON.stringify(before)) return held.partitions
    return allOrFirstError(`,
      },
    ],
  },
  {
    name: 'segments of executors not written',
    effect: 'a manifest names what nobody has written',
    pipeline: 'two-sources',
    edits: [
      {
        file: 'lib/state/away-partition.ts',
        find: 'return this.#moved ?? {',
        replace: `if (this.#moved !== undefined) return { ...this.#moved, segments: [] }
    return {`,
      },
    ],
  },
]
