/** Runs that read topics of MQTT, with `pipelines/messages.ts`. */
import { join } from 'node:path'
import { type Millrace, pipelinePath } from './millrace.ts'
import { savedCounts } from './results.ts'

/** The arguments of a run. `broker`: its URL without a topic. */
export const runOf = (broker: string): readonly string[] => [
  'run',
  pipelinePath('messages'),
  '--bind',
  `rooms/+/words=${broker}`,
  '--bind',
  'results=out',
  '--state',
  'state',
  '--json',
]

export const untilSubscribed = (running: Millrace): Promise<string> =>
  running.until((stdout) => stdout.includes('sends rooms/+/words'))

/** What the last batch has written. */
export const totalsIn = (directory: string, name: string): ReadonlyMap<string, number> =>
  [...savedCounts(join(directory, 'out'), name).values()].at(-1) ?? new Map()
