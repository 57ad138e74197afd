/** What the first command of each example must give: what plain code makes of the same data. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { linesIn as linesOfOutputs } from '../process/results.ts'
import { queryDuckdb } from '../unit/formats/duckdb-bed.ts'
import { hits, orders, type Reading, readings, ridesIn } from './data.ts'
import { asPrinted, counts, examples, jsonIn, linesIn, type Run, sums } from './run.ts'

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : 1

/** Expectations of each example, against plain code. */
export const EXPECTED: Readonly<Record<string, (run: Run) => void | Promise<void>>> = {
  'word-count': ({ stdout }) => {
    const texts = readdirSync(join(examples, 'text')).map((name) => linesIn('text', name))
    const words = texts
      .flat()
      .join(' ')
      .toLowerCase()
      .split(/[^\p{L}\p{M}\p{N}'’]+/u)
    const [first] = [...counts(words.filter((word) => /^\p{L}/u.test(word)))].toSorted(
      ([, a], [, b]) => b - a,
    )
    expect(stdout).toContain(`(${first?.join(',')})`)
  },
  clicks: (run) => {
    const lines = [...linesIn('clicks', 'stream.txt'), ...linesIn('clicks/drop', 'yesterday.txt')]
    const expected = counts(lines.map((line) => line.split(' ')[0] ?? ''))
    expect(run.pairs).toEqual(asPrinted(expected))
    const totals = [...expected].map(([page, total]) => `${page}: ${total} so far`)
    expect(run.lines('clicks').toSorted()).toEqual(totals.toSorted())
  },
  guard: (run) => {
    const [blocked = ''] = JSON.parse(linesIn('guard', 'blocked.json').join('')) as string[]
    const lines = linesIn('access-log', 'access.log').filter((line) => !line.startsWith(blocked))
    const pages = lines.flatMap((line) => / "[A-Z]+ (\S+)/.exec(line)?.[1] ?? [])
    expect(run.pairs).toEqual(asPrinted(counts(pages)))
  },
  sales: (run) => {
    const rows = linesIn('sales', 'north.csv').map((line) => line.split(','))
    const prices = rows.filter(([, price]) => Number.isFinite(Number(price)))
    const totals = sums(prices.map(([shop = '', price]) => [shop, Number(price)]))
    const expected = [...totals].map(([shop, total]) => ({ shop, total }))
    expect(run.json('sales')).toEqual(expect.arrayContaining(expected))
    expect(run.json('sales')).toHaveLength(expected.length)
    expect(run.stderr).toContain('RECORD_UNREADABLE')
  },
  scores: (run) => {
    const games = linesIn('scores', 'games.csv').map((line) => line.split(','))
    expect(run.rows('scores.db', 'SELECT count(*) AS n FROM games')).toEqual([{ n: games.length }])
    const points = sums(games.map(([player = '', scored]) => [player, Number(scored)]))
    const played = counts(games.map(([player = '']) => player))
    expect(run.rows('scores.db', 'SELECT * FROM totals ORDER BY player')).toEqual(
      [...points].map(([player, all]) => ({ player, points: all, games: played.get(player) })),
    )
  },
  orders: (run) => {
    const products = linesIn('orders', 'orders.txt').map((line) => line.trim())
    const expected = asPrinted(counts(products.filter((product) => product !== '')))
    expect(run.pairs).toEqual(expected)
    expect(run.lines('orders').toSorted()).toEqual(expected)
  },
  visits: (run) => expect(run.pairs).toEqual(asPrinted(counts(linesIn('visits', 'visits.txt')))),
  stock: (run) => {
    interface Image {
      readonly product: { readonly S: string }
      readonly count: { readonly N: string }
    }
    interface Change {
      readonly dynamodb: { readonly OldImage?: Image; readonly NewImage?: Image }
    }
    const pieces = (image: Image | undefined, sign: number): readonly [string, number][] =>
      image === undefined ? [] : [[image.product.S, sign * Number(image.count.N)]]
    const changes = jsonIn<Change>('stock', 'changes.jsonl').flatMap(
      ({ dynamodb: { OldImage, NewImage } }) => [...pieces(OldImage, -1), ...pieces(NewImage, 1)],
    )
    expect(run.pairs).toEqual(asPrinted(sums(changes)))
    const items = [...sums(changes)].map(([product, ordered]) => ({ product, ordered }))
    expect(run.json('stock', 'product')).toEqual(expect.arrayContaining(items))
  },
  dispatch: (run) => {
    expect(
      run.json('packing/messages').map((one) => (one as { readonly key: string }).key),
    ).toEqual(orders().map(({ customer }) => customer))
    const large = orders().filter(({ total }) => total >= 500)
    expect(run.bodies('alerts/messages')).toEqual(
      large.map(({ id, customer, total }) => `Order ${id} of ${customer}: ${total}`),
    )
    const details = run
      .bodies('shop/com.example.shop/Order%20placed')
      .map((body): unknown => JSON.parse(String(body)))
    expect(details).toMatchObject(
      orders().map(({ id, customer, total }) => ({ id, customer, total })),
    )
    const revenue = sums(orders().map(({ country, total }) => [country, total]))
    expect(new Set(run.bodies('revenue/records'))).toEqual(
      new Set([...revenue].map(([country, total]) => JSON.stringify({ country, total }))),
    )
    expect(run.stderr).toMatch(/RECORD_INVALID.*RECORD_UNREADABLE/s)
  },
  rooms: (run) => {
    const read = jsonIn<Reading>('rooms', 'readings.jsonl')
    const newest = new Map(read.map(({ room, celsius }) => [room, String(celsius)]))
    const rows = 'SELECT key, value FROM "celsius:" ORDER BY key'
    expect(run.rows('board.db', rows)).toEqual(
      [...newest].toSorted(byKey).map(([key, value]) => ({ key, value })),
    )
    const warmest = new Map<string, number>()
    for (const { room, celsius } of read)
      warmest.set(room, Math.max(celsius, warmest.get(room) ?? -Infinity))
    expect(run.rows('board.db', 'SELECT key, value FROM warmest ORDER BY value DESC')).toEqual(
      [...warmest].toSorted(([, a], [, b]) => b - a).map(([key, value]) => ({ key, value })),
    )
    const hot = read.filter(({ celsius }) => celsius > 30)
    expect(run.bodies('alarms/requests')).toEqual(
      hot.map(({ room, celsius }) => JSON.stringify({ room, celsius })),
    )
  },
  'access-log': (run) => {
    const once = asPrinted(counts(hits().map(([, status]) => status)))
    expect(run.pairs.slice(0, once.length).length).toBe(once.length)
    expect([...new Set(run.pairs)].toSorted()).toEqual(once)
    const pages = [...counts(hits().map(([page]) => page))].map(([key, value]) => ({ key, value }))
    expect(run.json('pages')).toEqual(expect.arrayContaining(pages))
    for (const [page, status] of hits().filter(([, one]) => one >= '500'))
      expect(run.stderr).toContain(`${page} was answered with ${status}`)
  },
  rides: async (run) => {
    const table = run.path('out/lake/rides/*/*.parquet')
    const options = 'hive_partitioning = true, hive_types_autocast = false'
    expect(
      await queryDuckdb(`SELECT * FROM read_parquet('${table}', ${options}) ORDER BY id`),
    ).toEqual(
      (await ridesIn()).map((ride) => {
        const begin = new Date(ride.begin)
        return { ...ride, begin, day: begin.toISOString().slice(0, 10) }
      }),
    )
  },
  'ride-report': async (run) => {
    const all = await ridesIn()
    const names = new Map(
      linesIn('stations', 'stations.tsv').map((line) => line.split('\t') as [string, string]),
    )
    const nameOf = (station: string): string => names.get(station) ?? station
    const number = counts(all.map(({ station }) => nameOf(station)))
    const lengths = sums(all.map(({ station, minutes }) => [nameOf(station), minutes]))
    const [header, ...rows] = run.lines('report')
    expect(header).toBe('station,rides,minutes')
    expect(rows.toSorted()).toEqual(
      [...number].map(([name, rides]) => `${name},${rides},${lengths.get(name)}`).toSorted(),
    )
  },
  inventory: (run) => {
    const files = readdirSync(join(examples, 'inventory/files')).toSorted()
    const digestOf = (name: string): string =>
      createHash('md5')
        .update(readFileSync(join(examples, 'inventory/files', name)))
        .digest('hex')
    const groups = Map.groupBy(files, digestOf).values()
    expect(run.under('the same')).toEqual(
      [...groups].filter((names) => names.length > 1).map((names) => names.join(' = ')),
    )
    const list = readFileSync(join(examples, 'inventory/list.bin'), 'utf8').split('\0').slice(0, -1)
    const endings = list.map((name) => /\.[^./]*$/.exec(name.slice(2))?.[0] ?? '')
    expect(run.under('endings').toSorted()).toEqual(asPrinted(counts(endings)))
  },
  meters: (run) => {
    const rows = readdirSync(run.path('out/meters')).flatMap(
      (file) =>
        JSON.parse(readFileSync(run.path('out/meters', file), 'utf8')) as [number, number][],
    )
    const expected = [...sums(readings())].map(([meter, kwh]) => [Number(meter), kwh] as const)
    expect(new Map(rows)).toEqual(new Map(expected))
  },
  catalogue: (run) => {
    const feed = JSON.parse(
      readFileSync(join(examples, 'catalogue/feed/supplier.json'), 'utf8'),
    ) as {
      readonly response: { readonly products: readonly { readonly sku: string }[] }
    }
    const { products } = feed.response
    const bySku = products.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))
    expect(run.rows('catalogue.db', 'SELECT * FROM products ORDER BY sku')).toEqual(bySku)
    const newest = new Map(
      jsonIn<{ readonly sku: string }>('catalogue/stock', 'monday.jsonl').map((one) => [
        one.sku,
        one,
      ]),
    )
    expect(run.rows('catalogue.db', 'SELECT * FROM stock ORDER BY sku')).toEqual(
      [...newest.values()].toSorted((a, b) => (a.sku < b.sku ? -1 : 1)),
    )
    expect(run.json('archive')).toEqual(products)
  },
  command: (run) => {
    // The run may see the end of a minute.
    expect(linesOfOutputs(run.path('out', 'log'))).toEqual(linesIn('text', 'notes-on-counting.txt'))
  },
  sensors: (run) => {
    const read = linesIn('sensors', '2026-11-30.csv').map((line) => line.split(','))
    const cellar = read.flatMap(([, room, celsius]) => (room === 'cellar' ? [Number(celsius)] : []))
    // The one that is unlike all others.
    expect(run.stdout).toContain(`cellar: ${Math.max(...cellar)} instead of `)
    const climates = run.pairs.filter((pair) => /^\(\d,/.test(pair))
    const counted = climates.map((pair) => Number(pair.slice(1, -1).split(',')[1]))
    expect(counted.reduce((sum, one) => sum + one, 0)).toBe(read.length - 1)
  },
  sessions: (run) => {
    const commits = linesIn('sessions', 'commits.tsv').map((line) => line.split('\t'))
    const times = commits.flatMap(([time, part]) =>
      part === 'lib' ? [Date.parse(time ?? '')] : [],
    )
    const inOrder = times.toSorted((a, b) => a - b)
    const breaks = inOrder.flatMap((time, at) =>
      time - (inOrder[at - 1] ?? -Infinity) > 45 * 60_000 ? [at] : [],
    )
    const textOf = (ms: number | undefined): string => new Date(ms ?? 0).toISOString()
    const latest = Math.max(...commits.map(([time]) => Date.parse(time ?? '')))
    // Some of these commits came before ones that were made earlier.
    expect(times).not.toEqual(inOrder)
    const over = breaks.flatMap((begin, index) => {
      const size = (breaks[index + 1] ?? inOrder.length) - begin
      const lastMs = inOrder[begin + size - 1] as number
      return lastMs + 45 * 60_000 <= latest - 6 * 3_600_000 ? [{ begin, size }] : []
    })
    for (const { begin, size } of over) {
      const end = begin + size - 1
      const line =
        `${textOf(inOrder[begin]).slice(0, 16).replace('T', ' ')} to ` +
        `${textOf(inOrder[end]).slice(11, 16)}: ${size} commits of lib\n`
      if (size > 9) expect(run.stdout).toContain(line)
      else expect(run.stdout).not.toContain(line)
    }
    expect(over.some(({ size }) => size > 9)).toBe(true)
  },
  ascents: ({ stdout }) => {
    const cellsOf = (...path: [string, string]) => linesIn(...path).map((line) => line.split(','))
    const metres = new Map(
      cellsOf('peaks', 'peaks.csv').map(([peak, high]) => [peak, Number(high)]),
    )
    const climbed = cellsOf('ascents', 'first.csv').slice(1)
    const byNation = Map.groupBy(climbed, ([, , nation]) => nation)
    for (const [nation, theirs] of byNation) {
      const [[, highest] = []] = theirs.toSorted(
        ([, a], [, b]) => (metres.get(b) ?? 0) - (metres.get(a) ?? 0),
      )
      const end = `the highest is ${highest} with ${metres.get(highest)} m`
      expect(stdout).toContain(`${nation}: ${theirs.length}, ${end}`)
    }
    const days = climbed.map(([date = '']) => Date.parse(date) / 86_400_000)
    const gaps = days.slice(1).map((day, at) => day - (days[at] as number))
    const longest = Math.max(...gaps)
    expect(stdout).toContain(`${longest} days before ${climbed[gaps.indexOf(longest) + 1]?.[1]} (`)
  },
  families: (run) => {
    const ties = linesIn('families', 'marriages.txt')
    const best = ties.filter((tie) => tie.split(' ').includes('Medici'))
    expect(run.stdout).toMatch(new RegExp(`^Medici: rank .*, marriages ${best.length}, `, 'm'))
    expect(run.pairs).toContain(`(1 from the Medici,${best.length})`)
  },
  trial: (run) => {
    const batches = [[1, 2], [10], [], [100, 200]]
    const windows = batches.map((_, last) => batches.slice(Math.max(0, last - 2), last + 1).flat())
    const sumsOfWindows = windows.map((numbers) => numbers.reduce((sum, one) => sum + one, 0))
    expect(run.stdout.match(/^\d+$/gm)?.map(Number)).toEqual(sumsOfWindows)
  },
}
