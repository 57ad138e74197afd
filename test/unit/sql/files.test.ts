import { memoryObjectStore } from 'millrace/testing'
import { parquet } from 'millrace/formats/parquet'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { relative } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ObjectCopies } from '../../../lib/adapters/local/object-copies.ts'
import { temporaryDirectory } from '../../contract/temporary-directory.ts'
import { encodeWith, fileOf } from '../formats/duckdb-bed.ts'
import { root } from '../../tidy/source.ts'
import { runSql } from './sql-bed.ts'

const STARS = [
  { page: 'home', stars: 5 },
  { page: 'news', stars: 3 },
]

describe('files as tables of a query', () => {
  test('are joined with each batch, as they are when it runs', async () => {
    const pages = fileOf('pages.parquet', await encodeWith(parquet(), STARS))
    const names = fileOf('names.csv', Buffer.from('page,name\nhome,Start\nnews,007\n'))
    const query =
      'select page, stars, name from input join pages using (page) join names using (page)'
    const { batches, failures } = await runSql([[{ page: 'news' }], [{ page: 'home' }]], query, {
      schema: { page: 'text' },
      tables: { Pages: { parquet: [pages] }, names: { csv: names, columns: { name: 'text' } } },
    })
    expect(failures).toEqual([])
    expect(batches).toEqual([
      [{ page: 'news', stars: 3, name: '007' }],
      [{ page: 'home', stars: 5, name: 'Start' }],
    ])
  })

  test.each([
    ['that are not there', { parquet: '/nowhere/pages.parquet' }, 'No files found'],
    ['of another bucket', { csv: 's3://' }, 'This is no address of objects'],
  ])('%s fail the batch', async (_, pages, message) => {
    const { failures } = await runSql([['home']], 'from pages', { tables: { pages } })
    expect(failures).toHaveLength(1)
    expect(failures[0]).toContain(message)
  })

  test.each([
    [{}],
    [{ parquet: 'a', csv: 'b' }],
    [{ parquet: [] }],
    [{ csv: 1 }],
    [{ csv: 'a', columns: { a: 'string' } }],
  ])('are refused in a description: %j', async (pages) => {
    const run = runSql([], 'from pages', { tables: { pages: pages as never } })
    await expect(run).rejects.toThrow('ARGUMENT_INVALID')
  })
})

describe('copies of objects', () => {
  const bed = () => {
    const store = memoryObjectStore()
    const folder = temporaryDirectory()
    const reads: string[] = []
    const copies = new ObjectCopies(folder, async () => ({
      ...store,
      head: async (key) => store.head(key),
      list: async (prefix, after) => store.list(prefix, after),
      read: async (object, range) => {
        reads.push(object.key)
        return store.read(object, range)
      },
    }))
    return { store, folder, reads, copies }
  }

  test('are made once for each upload, and of the newest', async () => {
    const { store, reads, copies } = bed()
    store.write('a.csv', Buffer.from('1'), 0)
    const both = await Promise.all([copies.pathsOf('s3://b/a.csv'), copies.pathsOf('s3://b/a.csv')])
    expect(both[0]).toEqual(both[1])
    expect(reads).toEqual(['a.csv'])
    const paths = [...(both[0] as readonly string[])]
    for (const text of ['2', '3']) {
      store.write('a.csv', Buffer.from(text), 0)
      paths.push(...(await copies.pathsOf('s3://b/a.csv')))
      expect(readFileSync(paths.at(-1) as string, 'utf8')).toBe(text)
    }
    // The last one may still be read.
    expect(paths.map((path) => existsSync(path))).toEqual([false, true, true])
  })

  test('are found by patterns, with the directories that tell partitions', async () => {
    const { store, folder, copies } = bed()
    for (const key of [
      't/day=1/a.csv',
      't/day=2/b.csv',
      't/day=2/b.txt',
      't/c.csv',
      'u/day=1/a.csv',
    ])
      store.write(key, Buffer.from(key), 0)
    const paths = await copies.pathsOf('s3://b/t/day=*/*.csv')
    expect(paths.map((path) => relative(folder, path).split('/').slice(1).join('/'))).toEqual([
      'b/t/day=1/a.csv',
      'b/t/day=2/b.csv',
    ])
    await expect(copies.pathsOf('s3://b/t/*.parquet')).rejects.toThrow('no object of this name')
    await expect(copies.pathsOf('s3://b/t/none')).rejects.toThrow('no object of this name')
  })

  test('stay in their folder', async () => {
    const { store, folder, copies } = bed()
    store.write('../../a.csv', Buffer.from('1'), 0)
    const [path = ''] = await copies.pathsOf('s3://b/../../a.csv')
    expect(relative(folder, path)).toMatch(/^\w+\/b\/_\.\.\/_\.\.\/a\.csv$/)
  })
})

/** As much of S3 as a table of files needs. */
const answerAsS3 =
  (objects: ReadonlyMap<string, Uint8Array>, calls: string[]) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    calls.push(`${request.method} ${pathname}`)
    const prefix = searchParams.get('prefix')
    if (prefix !== null) {
      const keys = [...objects.keys()].map((key) => `<Contents><Key>${key}</Key></Contents>`)
      response.end(`<ListBucketResult>${keys.join('')}</ListBucketResult>`)
      return
    }
    const bytes = objects.get(pathname.replace('/shop/', ''))
    response.writeHead(bytes === undefined ? 404 : 200, {
      etag: '"one"',
      'content-length': bytes?.byteLength ?? 0,
    })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  }

test('objects of S3 are joined, by the client of the SDK', { timeout: 60_000 }, async () => {
  const bytes = await encodeWith(parquet(), STARS)
  const calls: string[] = []
  const server = createServer(answerAsS3(new Map([['pages/one.parquet', bytes]]), calls))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const code = `
    import { parallelize } from 'millrace'
    import { SqlSession } from 'millrace/sql'
    const rdd = parallelize(['home'])
    rdd.toDF({ page: 'text' }).createOrReplaceTempView('visits')
    const session = SqlSession.of(rdd)
    session.read({ parquet: 's3://shop/pages/*.parquet' }).createOrReplaceTempView('pages')
    const joined = session.sql('from visits join pages using (page)')
    console.log(JSON.stringify([await joined.collect(), await joined.count()]))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=millrace-source', '--input-type=module', '--eval', code],
    {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    },
  )
  expect(JSON.parse(stdout)).toEqual([[{ page: 'home', stars: 5 }], 1])
  const once = ['GET /shop/', 'HEAD /shop/pages/one.parquet']
  expect(calls).toEqual([...once, 'GET /shop/pages/one.parquet', ...once])
})
