import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { newestBatches } from '../../../../lib/state/history/read-history.ts'
import { headKey, startOfDay } from '../../../../lib/state/item-keys.ts'
import type { Application } from '../application.ts'
import type { Step } from './step.ts'

const FILES = 5
const LINES = 200
const CHECK_EVERY_MS = 250
const LOOK_MS_MAX = 60_000

interface Taken {
  readonly objects: number
  readonly records: number
}

/** The records and objects that the batches of an application have taken, by its own history. */
const takenBy = async ({ store, app }: Application, sinceMs: number): Promise<Taken> => {
  const range = { fromMs: startOfDay(sinceMs), toMs: Date.now(), limit: Infinity }
  const history = await newestBatches(store, app, range)
  const sum = (name: keyof Taken): number =>
    history.reduce((total, record) => total + record[name], 0)
  return { objects: sum('objects'), records: sum('records') }
}

export const wordSteps: readonly Step[] = [
  {
    name: 'the second application, an unchanged example, counts separately',
    async run({ words, clicks }) {
      const startMs = Date.now()
      const before = await clicks.head()
      const lines = Array.from({ length: LINES }, (_, index) => `the mill and line ${index}`)
      for (let file = 0; file < FILES; file++) await words.putObject(`poem ${file}.txt`, lines)
      let taken = await takenBy(words, startMs)
      while (taken.records < FILES * LINES && Date.now() - startMs < LOOK_MS_MAX) {
        await sleep(CHECK_EVERY_MS)
        taken = await takenBy(words, startMs)
      }
      expect(taken).toEqual({ objects: FILES, records: FILES * LINES })
      const crossed = [
        await words.store.get(headKey(clicks.app)),
        await clicks.store.get(headKey(words.app)),
      ]
      expect(crossed, 'each has a table of its own').toEqual([undefined, undefined])
      expect(await clicks.head(), 'the first application does not move').toEqual(before)
      return (
        `${taken.records.toLocaleString('en')} lines of ${taken.objects} objects taken once by ` +
        'the second application, 0 by the first'
      )
    },
  },
]
