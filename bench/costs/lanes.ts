/** What many shards, and many waiting appends of one shard, cost an intake call and the head. */
import { isMillraceError } from '../../lib/base/errors.ts'
import type { Invocation } from '../aws/tally.ts'
import { type CostProgram, type Measured, short } from './figure.ts'
import { ShardedApp } from './sharded-app.ts'
import { visitTotals } from './visits.ts'

const SHARDS = 1_000
const APPENDS = 10_000
const RECORDS = 10
/** The units of an append are the mean of so many, since some appends may do work for others. */
const LAST = 200

const newApp = (): ShardedApp =>
  new ShardedApp({
    intervalS: 10,
    pipeline: (interval) => visitTotals(interval, (totals) => totals.foreachRDD(() => undefined)),
  })

const sum = (calls: Invocation, field: 'writeUnits' | 'readUnits'): number =>
  calls.reduce((total, call) => total + call[field], 0)

const headBytesIn = (calls: Invocation): number =>
  Math.max(
    ...calls
      .flatMap(({ touched }) => touched)
      .filter(({ kind, partition }) => kind === 'put' && partition.endsWith('#head'))
      .map(({ bytes }) => bytes),
  )

/** The figures of 1,000 shards. */
export const manyShards: CostProgram = {
  figures: [
    {
      name: 'intake-read-units-1000',
      what: 'read units of an intake call, 1,000 shards',
      unit: 'count',
      target: 2,
    },
    {
      name: 'head-bytes-1000',
      what: 'bytes of the head, 1,000 shards',
      unit: 'bytes',
      target: 4_096,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const app = newApp()
    await app.start()
    const shards = Array.from({ length: SHARDS }, (_, shard) => shard)
    let batch: Invocation = []
    for (let round = 0; round < 3; round++) {
      await app.intakeAll(shards, RECORDS)
      batch = await app.batch()
    }
    const sample = shards.slice(0, 20)
    let units = 0
    for (const shard of sample) units += sum(await app.intake(shard, RECORDS), 'readUnits')
    const all =
      `driver: ${short(sum(batch, 'writeUnits'))} write units and ` +
      `${short(sum(batch, 'readUnits'))} read units a batch`
    return [
      { value: units / sample.length, note: `mean of ${sample.length} warm calls` },
      { value: headBytesIn(batch), note: `the larger of its two writes; ${all}` },
    ]
  },
}

/** The figure of a lane whose driver stands still. */
export const waitingAppends: CostProgram = {
  figures: [
    {
      name: 'append-units-10000',
      what: 'write units of an append to a lane where 10,000 appends wait',
      unit: 'count',
      target: 4,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const app = newApp()
    await app.start()
    await app.intake(0, RECORDS)
    await app.batch()
    const units: number[] = []
    let full = ''
    while (units.length < APPENDS && full === '') {
      app.pass(1_000)
      try {
        units.push(sum(await app.intake(0, RECORDS), 'writeUnits'))
      } catch (error) {
        if (!isMillraceError(error) || error.code !== 'LANE_FULL') throw error
        full = `; the lane was full after ${short(units.length)} appends`
      }
    }
    const last = units.slice(-LAST)
    const total = units.reduce((all, one) => all + one, 0)
    const mean = last.reduce((all, one) => all + one, 0) / last.length
    return [
      {
        value: mean,
        note:
          `mean of the last ${last.length} appends, each of ${RECORDS} records; ` +
          `${short(total)} units for all${full}`,
      },
    ]
  },
}
