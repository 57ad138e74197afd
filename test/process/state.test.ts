import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { openState } from 'millrace'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Ended, millrace, pipelinePath, startMillrace } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const TIMEOUT = { timeout: 60_000 }
const PLACE = ['--state', 'state']

/** A directory in which the pipeline `stateful` has run to the end of `in/a.txt`. */
const counted = async (text = 'a\nb\nb\n5\n'): Promise<string> => {
  const directory = directoryWith({ 'in/a.txt': text })
  const { exitCode, stderr } = await millrace(directory, ...RUN, '--once', '--no-until-idle')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return directory
}
const RUN = ['run', pipelinePath('stateful'), '--bind', 'lines=in', ...PLACE]

const state = (directory: string, ...args: readonly string[]): Promise<Ended> =>
  millrace(directory, 'state', ...args, ...PLACE)

const BATCH = /^after the batch of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\dZ]*/

describe('millrace state', () => {
  test('lists states, and reads one by key', TIMEOUT, async () => {
    const directory = await counted()
    const listed = await state(directory)
    expect(listed).toMatchObject({ exitCode: 0, stderr: '' })
    expect(listed.stdout).toMatch(/^stateful:\n/)
    for (const line of [
      / {2}totals {2}updateStateByKey, 2 partitions, 3 keys, [\d,]+ bytes, after the batch of /,
      / {2}visits {2}mapWithState, 1 partition, 3 keys, /,
      /, keys end after 1 hour, 0 keys have ended, after the batch of /,
      / {2}minute {2}reduceByKeyAndWindow, 1 partition, batches, and no keys, /,
    ])
      expect(listed.stdout).toMatch(line)
    const { states } = JSON.parse((await state(directory, '--json')).stdout) as {
      readonly states: readonly object[]
    }
    expect(states).toMatchObject([
      { id: 'totals', holds: 'keys', keys: 3, partitions: 2 },
      { id: 'visits', holds: 'keys', keys: 3 },
      { id: 'minute', holds: 'window' },
    ])

    const got = await state(directory, 'get', 'totals', 'b')
    expect(got).toMatchObject({
      exitCode: 0,
      stdout: '2\n',
      stderr: expect.stringMatching(BATCH) as string,
    })
    expect(await state(directory, 'count', 'totals')).toMatchObject({ exitCode: 0, stdout: '3\n' })
    expect((await state(directory, 'get', 'visits', 'b')).stderr).toMatch(
      /; it ends after \d{4}-.* if no record comes for it\n$/,
    )
    const json = JSON.parse(
      (await state(directory, 'get', 'visits', 'b', '--json')).stdout,
    ) as unknown
    expect(json).toEqual({
      key: 'b',
      found: true,
      value: { n: 2 },
      touchedMs: expect.any(Number) as number,
      expiresMs: expect.any(Number) as number,
      batchMs: expect.any(Number) as number,
    })
  })

  test('a key is JSON or text, and a key without state ends with 7', TIMEOUT, async () => {
    const directory = await counted()
    const number = await state(directory, 'get', 'totals', '5')
    expect(number).toMatchObject({ exitCode: 7, stdout: '' })
    expect(number.stderr).toMatch(/no state for the key 5, after [^]*if the key is text[^]*'"5"'/)
    expect(await state(directory, 'get', 'totals', '"5"')).toMatchObject({ stdout: '1\n' })
    const text = await state(directory, 'get', 'totals', 'nobody')
    expect(text).toMatchObject({ exitCode: 7, stdout: '' })
    expect(text.stderr).toMatch(
      /^totals has no state for the key "nobody", after the batch of .*\n$/,
    )
    const json = await state(directory, 'get', 'totals', 'nobody', '--json')
    expect(json).toMatchObject({ exitCode: 7, stderr: '' })
    expect(JSON.parse(json.stdout)).toMatchObject({ key: 'nobody', found: false })
  })

  test('scan shows some, export writes all, and import brings them back', TIMEOUT, async () => {
    const directory = await counted()
    const some = await state(directory, 'scan', 'totals', '--limit', '2')
    expect(some.stdout.split('\n')).toHaveLength(3)
    expect(some.stderr).toMatch(/there are more: --limit N, or millrace state export/)
    const all = await state(directory, 'scan', 'totals')
    expect(all.stdout.split('\n').toSorted()).toEqual(['', '"5"\t1', '"a"\t1', '"b"\t2'])

    const lines = (await state(directory, 'export', 'totals')).stdout
    expect(lines.split('\n').toSorted()).toEqual([
      '',
      '{"key":"5","value":1}',
      '{"key":"a","value":1}',
      '{"key":"b","value":2}',
    ])
    const saved = await state(directory, 'export', 'totals', '--to', 'saved.jsonl')
    expect(saved.stdout).toMatch(/^totals: 3 keys written to saved.jsonl, after the batch of/)
    const file = join(directory, 'saved.jsonl')
    expect(readFileSync(file, 'utf8')).toBe(lines)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await state(directory, 'export', 'totals', '--to', 'saved.jsonl')).toMatchObject({
      exitCode: 2,
    })

    const parquet = await state(directory, 'export', 'totals', '--to', 'saved.parquet')
    expect(parquet.stdout).toMatch(/^totals: 3 keys written to saved.parquet, after the batch of/)
    const rows = await parquetReadObjects({
      file: await asyncBufferFromFile(join(directory, 'saved.parquet')),
    })
    expect(rows.map(({ key, value }) => `${key} ${value}`).toSorted()).toEqual([
      '5 1',
      'a 1',
      'b 2',
    ])

    writeFileSync(join(directory, 'in', 'b.txt'), 'b\nz\n')
    await millrace(directory, ...RUN, '--once', '--no-until-idle')
    expect(await state(directory, 'count', 'totals')).toMatchObject({ stdout: '4\n' })
    expect(await state(directory, 'import', 'totals', 'saved.jsonl')).toMatchObject({ exitCode: 2 })
    const back = await state(directory, 'import', 'totals', 'saved.jsonl', '--yes')
    expect(back.stdout).toMatch(/^totals: 3 lines imported, 4 keys before and 3 now\./)
    expect((await state(directory, 'export', 'totals')).stdout).toBe(lines)

    writeFileSync(join(directory, 'more.jsonl'), '{"key":"b","value":100}\n')
    await state(directory, 'import', 'totals', 'more.jsonl', '--merge')
    writeFileSync(join(directory, 'in', 'c.txt'), 'b\n')
    await millrace(directory, ...RUN, '--once', '--no-until-idle')
    expect(await state(directory, 'get', 'totals', 'b')).toMatchObject({ stdout: '101\n' })
    expect(await state(directory, 'get', 'totals', 'a')).toMatchObject({ stdout: '1\n' })
  })

  test('what is wrong is said with what there is', TIMEOUT, async () => {
    const directory = await counted()
    writeFileSync(join(directory, 'bad.jsonl'), '{"key":"b","value":1}\n{"key":"c"}\n')
    writeFileSync(join(directory, 'good.jsonl'), '{"key":"b","value":9}\n')
    for (const [args, exitCode, says] of [
      [['get', 'total', 'a'], 2, /STATE_UNKNOWN[^]*totals, visits[^]*did you mean totals/],
      [['count', 'minute'], 2, /keeps batches, and[^]*STATE_UNKNOWN/],
      [['gte', 'totals', 'a'], 2, /did you mean get/],
      [['get', 'totals'], 2, /needs NAME and KEY/],
      [['get', 'totals', 'two', 'words'], 2, /needs NAME and KEY[^]*single quotes/],
      [['count', 'totals', '--limit', '3'], 2, /state count has no option --limit/],
      [['scan', 'totals', '--limit', '0'], 2, /--limit must be a whole number/],
      [['--merge'], 2, /millrace state has no option --merge/],
      [['import', 'totals', 'good.jsonl', '--merge', '--if-batch', '5'], 2, /Batches have run/],
      [['import', 'totals', 'good.jsonl', '--if-batch', 'now'], 2, /must be a batch time/],
      [['count', 'totals', '--if-batch', '5'], 2, /state count has no option --if-batch/],
      [['import', 'totals', 'none.jsonl', '--yes'], 2, /cannot be read/],
      [['import', 'totals', 'bad.jsonl', '--yes'], 2, /Line 2 is not a key with its state/],
      [['export', 'totals', '--to', 'no/where'], 2, /cannot be created/],
    ] as const) {
      const ended = await state(directory, ...args)
      expect([args, ended.exitCode]).toEqual([args, exitCode])
      expect(ended.stderr).toMatch(says)
    }
    expect(await state(directory, 'get', 'totals', 'b')).toMatchObject({ stdout: '2\n' })
    expect(await millrace(directory, 'state', '--state', 'nowhere')).toMatchObject({ exitCode: 5 })
  })

  test('a reader that ends early ends the export', TIMEOUT, async () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `word ${index}`).join('\n')
    const directory = await counted(words)
    const exporting = startMillrace(directory, 'state', 'export', 'totals', ...PLACE)
    await exporting.until((stdout) => stdout.length > 0)
    exporting.child.stdout?.destroy()
    expect((await exporting.ended).exitCode).toBe(0)
  })
})

describe('while batches run', () => {
  test('readers see whole batches, and an import is refused', TIMEOUT, async () => {
    const directory = directoryWith({})
    const run = startMillrace(directory, ...RUN, '--json')
    const write = (name: number): void =>
      writeFileSync(join(directory, 'in', `${name}.txt`), 'a\nb\nc\nd\n'.repeat(25))
    write(0)
    await run.untilEvent('batchCompleted')
    const totals = await openState<string, number>('totals', {
      directory: join(directory, 'state'),
    })
    let lastMs = 0
    for (let name = 1; name <= 25; name++) {
      write(name)
      await run.untilEvent('batchCompleted', name + 1)
      if (name % 5 === 0) await totals.refresh()
      const found = new Map<string, number>()
      for await (const [key, total] of totals) found.set(key, total)
      // Each batch takes one file or more, and each file has the same number of all four.
      const [first = 0] = found.values()
      expect(Object.fromEntries(found)).toEqual({ a: first, b: first, c: first, d: first })
      expect(first % 25).toBe(0)
      expect(await totals.get('c')).toBe(first)
      expect(totals.batchTime.milliseconds).toBeGreaterThanOrEqual(lastMs)
      lastMs = totals.batchTime.milliseconds
    }
    totals.close()
    writeFileSync(join(directory, 'new.jsonl'), '{"key":"a","value":1}\n')
    const refused = await state(directory, 'import', 'totals', 'new.jsonl', '--yes')
    expect(refused).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('STORE_BUSY') as string,
    })
    const got = await state(directory, 'get', 'totals', 'a')
    expect(Number(got.stdout) % 25).toBe(0)
    expect((await run.signal('SIGINT')).exitCode).toBe(0)
  })
})

describe('openState', () => {
  test('reads the state of a store', TIMEOUT, async () => {
    const directory = join(await counted(), 'state')
    const totals = await openState<string, number>('totals', { directory })
    expect([await totals.get('b'), await totals.get('x'), await totals.count()]).toEqual([
      2,
      undefined,
      3,
    ])
    const all = new Map<string, number>()
    for await (const [key, total] of totals) all.set(key, total)
    expect(Object.fromEntries(all)).toEqual({ '5': 1, a: 1, b: 2 })
    totals.close()
    await expect(openState('total', { directory })).rejects.toMatchObject({ code: 'STATE_UNKNOWN' })
    const visits = await openState('visits', { directory })
    expect(await visits.get('b')).toEqual({ n: 2 })
    visits.close()
  })

  test.each([
    { place: { directory: 'nowhere' }, code: 'STORE_NOT_FOUND' },
    { place: {}, code: 'ARGUMENT_INVALID' },
    { place: undefined, code: 'ARGUMENT_INVALID' },
  ])('of $place fails with $code', async ({ place, code }) => {
    await expect(openState('totals', place as { directory: string })).rejects.toMatchObject({
      code,
    })
    expect(existsSync('nowhere')).toBe(false)
  })
})
