import { expect, test } from 'vitest'
import { benchScaling } from '../../../bench/scaling/scaling.ts'

const SHORT = { recordsPerS: 100, executors: 0, warmUpS: 10, measuredS: 30 }

test('counts each word once, says its figures, and keeps up', async () => {
  const cases = [1, 10].map((shards) => ({ ...SHORT, shards }))
  const said: string[] = []
  // It throws when the words in its results are not those of the committed records.
  const figures = await benchScaling(
    { say: (text) => void said.push(text), only: undefined },
    cases,
  )
  const values = new Map(figures.map(({ figure, value }) => [figure, value]))
  for (const shards of [1, 10]) {
    const value = (name: string): number =>
      values.get(`scaling-${shards}-shards-0-executors-${name}`) ?? Number.NaN
    expect(value('keeps-up')).toBe(1)
    // A record waits for the window, the look, and the batch.
    expect(value('delay-p50')).toBeGreaterThan(5_000)
    expect(value('delay-max')).toBeLessThan(25_000)
    expect(value('dollars-per-million')).toBeGreaterThan(0)
  }
  expect(said.join('\n')).toContain('10')
})

test('runs only the cases that are named', async () => {
  const cases = [1, 10].map((shards) => ({ ...SHORT, shards, warmUpS: 1, measuredS: 15 }))
  const figures = await benchScaling({ say: () => undefined, only: ['scaling-1-shards'] }, cases)
  expect(new Set(figures.map(({ figure }) => figure.split('-')[1]))).toEqual(new Set(['1']))
})

test('counts each word once where intake combines, and the driver makes fewer calls', async () => {
  const shared = { ...SHORT, shards: 2, recordsPerS: 1_000, keys: 'groups' as const, measuredS: 60 }
  const cases = [false, true].map((atIntake) => ({ ...shared, atIntake }))
  const figures = await benchScaling({ say: () => undefined, only: undefined }, cases)
  const values = new Map(figures.map(({ figure, value }) => [figure, value]))
  const value = (stage: string, name: string): number =>
    values.get(`scaling-2-full-shards-0-executors-groups${stage}-${name}`) ?? Number.NaN
  // The bench adds real processor time to its clock, so a busy machine moves batches and windows.
  expect(value('-at-intake', 'calls-per-million')).toBeLessThan(value('', 'calls-per-million'))
  expect(value('-at-intake', 'busy-share')).toBeLessThan(value('', 'busy-share'))
})
