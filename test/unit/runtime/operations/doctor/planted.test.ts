/** Mis-configurations, each planted in a run of the engine, and what the doctor says of it. */
import { hours, seconds, type StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { Finding } from '../../../../../lib/runtime/operations/doctor/finding.ts'
import { Random } from '../../../../../lib/testing/random.ts'
import { asLarge, executorsOf, HELD, prompt } from '../../tasks/executors-bed.ts'
import { RETENTION_MS } from '../../harness.ts'
import { bedOf, codesIn, type DoctorBed, findingsIn, lines, SOCKET } from './doctor-bed.ts'

const repeat = async (times: number, run: (index: number) => Promise<void>): Promise<void> => {
  for (let index = 0; index < times; index += 1) await run(index)
}

const find = (findings: readonly Finding[], code: string): Finding => {
  expect(codesIn(findings)).toContain(code)
  return findings.find((one) => one.code === code) as Finding
}

/** A pipeline whose batches take some time, and some more for each record. */
const slow = (
  fixedMs: number,
  eachMs: number,
  options: Partial<StreamOptions> = {},
): Promise<DoctorBed> =>
  bedOf(
    (ssc, world) =>
      ssc.socketTextStream('localhost', 9999).foreachRDD(async (rdd) => {
        world.advance(fixedMs + (await rdd.count()) * eachMs)
      }),
    options,
  )

/** Appends 40 records, and runs a batch. A batch takes whole appends. */
const twice = async (bed: DoctorBed, lane?: string): Promise<void> => {
  await repeat(3, () => bed.append(lines(10), lane))
  await bed.batch(lines(10), lane)
}

describe('the interval', () => {
  test('is too short for what each batch costs: names one that fits', async () => {
    const bed = await slow(1_400, 2)
    await repeat(40, (index) => bed.batch(lines(10 + (index % 5) * 10)))
    const found = find(await findingsIn(bed), 'INTERVAL_SHORT')
    expect(found).toMatchObject({ severity: 'problem', figures: { intervalMs: 1_000 } })
    expect(found.seen).toMatch(/^Batches take longer than their interval: 1\.5 s.*every 1 s$/)
    expect(found.change).toMatch(/^batchInterval: seconds\(2\): .* 1\.4 s is the same/)
    expect(found.effect).toMatch(/^A record waits some 500 ms longer/)
  })

  test('with the interval that it names, there is nothing to do', async () => {
    const bed = await slow(1_400, 2, { batchInterval: seconds(2) })
    await repeat(40, (index) => bed.batch(lines(20 + (index % 5) * 20)))
    expect(codesIn(await findingsIn(bed))).toEqual([])
  })

  test('is too short for its records: says that no interval helps', async () => {
    const bed = await slow(50, 40)
    await repeat(40, (index) => bed.batch(lines(25 + (index % 4) * 5)))
    const { change } = find(await findingsIn(bed), 'INTERVAL_SHORT')
    expect(change).toMatch(/^A longer interval does not help: 40 ms for a record/)
    expect(change).toMatch(/more memory/)
  })
})

describe('limits', () => {
  test('a rate holds input back although there is time left: names a rate', async () => {
    const bed = await slow(100, 1, { rate: { max: 20 } })
    await repeat(30, () => twice(bed))
    const found = find(await findingsIn(bed), 'RATE_HOLDS')
    expect(found).toMatchObject({ severity: 'problem', figures: { waits: 600, taken: 20 } })
    // 20 records take 120 of 1,000 ms, so 800 ms are enough for 133.
    expect(found.change).toMatch(/^rate: \{ max: 140 \}, instead of 20/)
  })

  test('limits without growth hold input back: says to leave growth out', async () => {
    const bed = await slow(100, 1, { limits: { records: 20, growth: 1 } })
    await repeat(30, async () => {
      await bed.append(lines(20))
      await bed.batch(lines(20))
    })
    const found = find(await findingsIn(bed), 'LIMITS_HOLD')
    expect(found.change).toMatch(/^Leave limits\.growth out, or set limits: \{ records: 140 \}/)
  })

  test.each<[string, Partial<StreamOptions>, number]>([
    ['a backlog that shrinks', { rate: { max: 200 } }, 2_000],
    ['a burst that batches grow to', { limits: { records: 20 } }, 500],
  ])('%s is no finding', async (_, options, burst) => {
    const bed = await slow(100, 1, options)
    await repeat(burst / 100, () => bed.append(lines(100)))
    await repeat(5, () => bed.batch(lines(10)))
    expect(codesIn(await findingsIn(bed))).toEqual([])
  })
})

/** Each file takes some time, in a process of its own where there are executors. */
const counting = async (
  fileMs: number,
  files: number,
  { executors = 0, large = true }: { readonly executors?: number; readonly large?: boolean } = {},
): Promise<DoctorBed> => {
  const bed = await bedOf(
    (ssc, world) =>
      ssc
        .textFileStream('in')
        .map((line): [string, number] => {
          world.advance(fileMs)
          return [line, 1]
        })
        .reduceByKey((a, b) => a + b)
        .foreachRDD(async (rdd) => void (await rdd.count())),
    {},
    {
      ...(large ? { held: HELD, readAs: asLarge } : {}),
      ...(executors === 0 ? {} : { executors: executorsOf(executors, prompt) }),
      memory: { memoryInUse: () => 0.3, memoryMb: 1_769 },
    },
  )
  await repeat(30, async (batch) => {
    for (let file = 0; file < files; file += 1)
      bed.world.write(`${batch}-${file}.txt`, bed.world.nowMs - 1_700_000_000_000 + 500, 'to\n')
    await bed.app.tick()
  })
  return bed
}

describe('executors', () => {
  test('are too few, when stages dominate: names how many, and what they cost', async () => {
    const found = find(await findingsIn(await counting(100, 8)), 'STAGES_DOMINATE')
    expect(found.seen).toMatch(/^Stages take 100 % of a batch of 800 ms, with 8 tasks in one/)
    expect(found).toMatchObject({ figures: { tasks: 8, workers: 1, wanted: 2 } })
    expect(found.change).toMatch(/^executors: 1 of the construct/)
    // 0.8 s of 1.73 GB in each of 86,400 batches.
    expect(found.dollarsPerDay).toBeCloseTo(0.8 * 86_400 * (1_769 / 1_024) * 13.3334e-6, 4)
  })

  test('are no use for batches that are not divided', async () => {
    const bed = await counting(1, 2, { executors: 3, large: false })
    const found = find(await findingsIn(bed), 'EXECUTORS_IDLE')
    expect(found).toMatchObject({ severity: 'saving', figures: { executors: 3 } })
    // On a laptop there is one for each core, whether somebody wants it or not.
    expect(codesIn(await findingsIn(bed, { isDeployed: false }))).toEqual([])
  })

  test('that take part are no finding', async () => {
    const bed = await counting(10, 8, { executors: 2 })
    expect(codesIn(await findingsIn(bed))).toEqual([])
  })
})

describe('memory', () => {
  const withMemory = async (share: number, memoryMb: number): Promise<DoctorBed> => {
    const memory = { memoryInUse: () => share, memoryMb }
    const bed = await bedOf((ssc) => ssc.socketTextStream('h', 1).print(), {}, { memory })
    await repeat(25, () => bed.batch(lines(5)))
    return bed
  }

  test('that is nearly full: names a size', async () => {
    const found = find(await findingsIn(await withMemory(0.92, 1_769)), 'MEMORY_SHORT')
    expect(found.change).toBe('driver: { memorySize: 3328 } of the construct')
    const local = await findingsIn(await withMemory(0.92, 4_096), { isDeployed: false })
    expect(find(local, 'MEMORY_SHORT').change).toMatch(/--max-old-space-size=7552/)
  })

  test('that is far too large', async () => {
    const found = find(await findingsIn(await withMemory(0.05, 8_192)), 'MEMORY_LARGE')
    expect(found).toMatchObject({ severity: 'saving', figures: { wanted: 1_769 } })
  })

  test.each([
    [0.7, 1_769],
    [0.05, 1_769],
    [0.4, 8_192],
  ])('%d of %d MB is no finding', async (share, megabytes) => {
    expect(codesIn(await findingsIn(await withMemory(share, megabytes)))).toEqual([])
  })
})

test('a time-out that is shorter than a batch: names one that fits', async () => {
  let leftMs = 0
  const invocation = { timeoutMs: 60_000, remainingMs: () => leftMs }
  const bed = await bedOf(
    (ssc) =>
      ssc
        .textFileStream('in')
        .map((line): [string, number] => {
          leftMs -= 20_000
          return [line, 1]
        })
        .reduceByKey((a, b) => a + b)
        .foreachRDD(async (rdd) => void (await rdd.count())),
    { batchInterval: seconds(120) },
    { held: HELD, readAs: asLarge, invocation },
  )
  await repeat(5, async (batch) => {
    for (let file = 0; file < 8; file += 1)
      bed.world.write(`${batch}-${file}.txt`, bed.world.nowMs - 1_700_000_000_000 + 500, 'to\n')
    bed.world.advance(120_000)
    for (let invoked = 0; invoked < 4; invoked += 1) {
      leftMs = 60_000
      await bed.app.driver.run({ mayGoOn: () => leftMs > 30_000 })
    }
  })
  const found = find(await findingsIn(bed), 'TIMEOUT_SHORT')
  expect(found).toMatchObject({ figures: { timeoutMs: 60_000, handedOn: 2, batches: 5 } })
  expect(found.change).toMatch(/^driver: \{ timeout: Duration\.seconds\(180\) \}/)
})

test('attempts that fail: names the code, and the time that they have taken', async () => {
  let fails = false
  const bed = await bedOf((ssc, world) =>
    ssc.socketTextStream('localhost', 9999).foreachRDD(() => {
      world.advance(100)
      if (fails) throw new Error('the database is down')
    }),
  )
  await repeat(6, async () => {
    fails = true
    await bed.append(lines(5))
    await bed.app.tick()
    fails = false
    bed.world.advance(10_000)
    await bed.app.tick()
  })
  const found = find(await findingsIn(bed), 'RETRIES_MANY')
  expect(found.seen).toMatch(/6 with USER_FUNCTION_FAILED: .*foreachRDD/)
  expect(found.change).toContain('millrace batches --app app')
})

describe('a source', () => {
  const SHARD = 'arn:aws:kinesis:us-east-1:1:stream/clicks@1/shardId-0'
  const KEEPING = {
    kinesis: { createdMs: async () => 1, retentionMs: async () => RETENTION_MS },
  }
  test('whose retention ends before its records are taken', async () => {
    const bed = await slow(100, 1, { rate: { max: 20 } })
    // Half of what comes is taken: the oldest record is half a second older with each batch.
    await repeat(60, () => twice(bed, SHARD))
    const findings = await findingsIn(bed, { sources: KEEPING })
    const found = find(findings, 'RETENTION_SHORT')
    expect(found).toMatchObject({ severity: 'problem', of: SOCKET })
    expect(found.seen).toMatch(/keeps records for 24 h.* more each hour: they reach that in \d/)
    expect(found.figures['leftMs']).toBeLessThan(3 * RETENTION_MS)
    expect(found.figures['leftMs']).toBeGreaterThan(RETENTION_MS)
  })

  test('that has no such end, or whose records are taken at once, is no finding', async () => {
    const bed = await slow(100, 1)
    await repeat(60, () => bed.batch(lines(40), SHARD))
    expect(codesIn(await findingsIn(bed, { sources: KEEPING }))).toEqual([])
  })
})

describe('a state', () => {
  const KEYS = 20
  const growing = async (end: 'never' | 'ttl' | 'levels'): Promise<DoctorBed> => {
    const bed = await bedOf((ssc) =>
      ssc
        .socketTextStream('localhost', 9999)
        .mapToPair((line) => [line, 'x'.repeat(200)])
        .updateStateByKey<string>(
          ([last], before) => last ?? before,
          end === 'ttl' ? { ttl: hours(1) } : {},
        )
        .foreachRDD(() => undefined),
    )
    await repeat(60, (index) =>
      bed.batch(lines(KEYS, end === 'levels' && index > 10 ? 'same' : `user-${index}`)),
    )
    return bed
  }

  test('that only grows: says how large it is in a month, and names the option', async () => {
    const found = find(await findingsIn(await growing('never')), 'STATE_GROWS')
    expect(found).toMatchObject({ severity: 'advice', of: 'updateStateByKey-1' })
    expect(found.seen).toMatch(/1,200 keys .* more each day, and its keys never end/)
    expect(found.change).toMatch(/^updateStateByKey\(update, \{ ttl: hours\(24\) \}\)/)
  })

  test.each(['ttl', 'levels'] as const)('with an end is no finding: %s', async (end) => {
    expect(codesIn(await findingsIn(await growing(end)))).toEqual([])
  })

  test('with one partition that has nearly all', async () => {
    const random = new Random(1)
    const large = Array.from({ length: 400_000 }, () => random.between(0, 9_999)).join(' ')
    const bed = await bedOf((ssc) =>
      ssc
        .socketTextStream('localhost', 9999)
        .mapToPair((line) => [line, line === 'line-0' ? large : 'small'])
        .updateStateByKey<string>(([last], before) => last ?? before, { partitions: 8 })
        .foreachRDD(() => undefined),
    )
    await bed.batch(lines(64))
    const found = find(await findingsIn(bed), 'STATE_SKEWED')
    expect(found).toMatchObject({ of: 'updateStateByKey-1', figures: { partitions: 8 } })
    expect(found.seen).toMatch(/^One of 8 partitions .* has \d\.\d MB of \d\.\d MB$/)
  })
})

describe('lanes', () => {
  const spread = async (shares: readonly number[]): Promise<DoctorBed> => {
    const bed = await bedOf((ssc) => ssc.socketTextStream('localhost', 9999).print(0))
    await repeat(25, async () => {
      for (const [lane, share] of shares.entries()) await bed.append(lines(share), `shard-${lane}`)
      await bed.app.tick()
    })
    return bed
  }

  test('of which one has most of the records', async () => {
    const found = find(await findingsIn(await spread([200, 10, 10, 10])), 'LANE_SKEWED')
    expect(found.seen).toMatch(
      /^87 % of the records of socketTextStream-1 .* 4 lanes, shard-0, 200/,
    )
  })

  test.each([[[60, 60, 60, 60]], [[120, 40, 40, 40]], [[200, 10]], [[20, 1, 1, 1]]])(
    'with %j records are no finding',
    async (shares) => {
      expect(codesIn(await findingsIn(await spread(shares)))).toEqual([])
    },
  )
})

describe('dead letters', () => {
  const withBad = async (bad: number): Promise<DoctorBed> => {
    const bed = await bedOf((ssc) =>
      ssc
        .socketTextStream('localhost', 9999)
        .map((line) => {
          if (line.startsWith('bad')) throw new RangeError('no price')
          return line
        })
        .print(0),
    )
    await repeat(20, () => bed.batch([...lines(50), ...lines(bad, 'bad')]))
    return bed
  }

  test('above a share: names the code, and the commands', async () => {
    const found = find(await findingsIn(await withBad(5)), 'DEAD_LETTERS_MANY')
    expect(found).toMatchObject({ severity: 'problem', figures: { deadLetters: 100 } })
    expect(found.seen).toMatch(/100 with USER_FUNCTION_FAILED, such as: .*no price/)
    expect(found.change).toContain('millrace dead-letters --app app --code USER_FUNCTION_FAILED')
  })

  test('a few are no finding', async () => {
    const bed = await withBad(0)
    await bed.batch(lines(5, 'bad'))
    expect(codesIn(await findingsIn(bed))).toEqual([])
  })
})

test('an application that has stopped', async () => {
  const bed = await bedOf(
    (ssc) =>
      ssc.socketTextStream('localhost', 9999).foreachRDD(() => {
        throw new Error('down')
      }),
    { retry: { for: seconds(1), attempts: 1 } },
  )
  await bed.batch(lines(1))
  bed.world.advance(60_000)
  await bed.app.tick(3)
  const found = find(await findingsIn(bed), 'STOPPED')
  expect(found.change).toBe('Mend the cause, then: millrace resume --app app')
})
