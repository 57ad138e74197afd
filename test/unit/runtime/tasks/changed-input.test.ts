import type { Pipeline } from 'millrace'
import { expect, test } from 'vitest'
import type { Executors } from '../../../../lib/ports/executors.ts'
import { isLazy } from '../../../../lib/rdd/partition.ts'
import type { SourceReader } from '../../../../lib/runtime/sources/source-reader.ts'
import type { TaskRequest } from '../../../../lib/runtime/tasks/task-request.ts'
import type { TaskServer } from '../../../../lib/runtime/tasks/task-server.ts'
import { type Deployment, pipelineOf, World } from '../harness.ts'

const MIB = 1024 * 1024

/** Each file is read in two parts. Three parts are a task, so a batch of three files has two. */
const HELD = { batchBytes: 0, partBytes: 16 }
const asThirds = (reader: SourceReader): SourceReader => ({
  ...reader,
  read: async (...given) => {
    const data = await reader.read(...given)
    const partitions = data.partitions.map((one) =>
      isLazy(one) ? { ...one, sizeBytes: 2.5 * MIB } : one,
    )
    return { ...data, partitions }
  },
})

const FILES = ['a', 'b', 'c'].map((name) => [`${name}.txt`, `${name}-first-line\n${name}-last\n`])
const LINES = FILES.flatMap(([, text = '']) => text.trim().split('\n'))

const pipeline = (): Pipeline =>
  pipelineOf((ssc) =>
    ssc
      .textFileStream('in')
      .map((line): [string, number] => [line, 1])
      .reduceByKey((a, b) => a + b)
      .saveAsTextFiles('out'),
  )

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
}

/** An executor that first opens the batch when the driver has read its own task. */
const lateExecutor = (
  change: () => void,
  away: number[],
): ((open: () => TaskServer) => Executors) => {
  return (open) => {
    const server = open()
    return {
      count: 1,
      tasksAtOnce: 1,
      async run(_, request) {
        const task = request as TaskRequest
        away.push(task.index)
        await turns()
        change()
        return server.answer(task)
      },
    }
  }
}

const runWith = async (
  change: (world: World) => void,
): Promise<{ readonly app: Deployment; readonly away: number[]; readonly lines: string[] }> => {
  const world = new World()
  const away: number[] = []
  const executors = lateExecutor(() => change(world), away)
  const app = world.deploy(pipeline(), { held: HELD, readAs: asThirds, executors })
  await app.run()
  for (const [name = '', text] of FILES) world.write(name, 500, text)
  await app.tick()
  const texts = [...world.files.files()].filter(([name]) => name.includes('/part-'))
  const lines = texts.flatMap(([, bytes]) => Buffer.from(bytes).toString().trim().split('\n'))
  return { app, away, lines: lines.toSorted() }
}

const COUNTED = LINES.map((line) => `(${line},1)`).toSorted()

test.each<[what: string, change: (world: World) => void, warnings: readonly string[]]>([
  ['nothing changes', () => undefined, []],
  ['a file goes', ({ objects }) => objects.remove('a.txt'), ['EXECUTOR_REFUSED']],
  [
    'a file is replaced',
    (world) => world.write('a.txt', 900, 'another text, as long\n'),
    ['EXECUTOR_REFUSED'],
  ],
  [
    'a file becomes UTF-16',
    (world) => world.write('a.txt', 500, Buffer.from(`\xff\xfe${'.'.repeat(18)}`, 'latin1')),
    ['EXECUTOR_REFUSED'],
  ],
])('a batch has all of its lines if %s before an executor looks', async (_, change, warnings) => {
  const { app, away, lines } = await runWith(change)
  expect(away).toEqual([1])
  expect(lines).toEqual(COUNTED)
  expect(app.eventsOf('batchCompleted').map(({ records }) => records)).toEqual([LINES.length])
  expect(app.eventsOf('warning').map(({ code }) => code)).toEqual(warnings)
})
