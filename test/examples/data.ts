/** The data of examples, read by plain code. */
import avsc from 'avsc'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { examples, linesIn } from './run.ts'

interface Order {
  readonly id: string
  readonly customer: string
  readonly country: string
  readonly items: readonly { readonly price: number; readonly count?: number }[]
}

/** The orders that are right, with their totals. */
export const orders = (): readonly (Order & { readonly total: number })[] =>
  linesIn('dispatch', 'orders.jsonl')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Order)
    .filter(({ items }) => items.every(({ count = 1 }) => count > 0))
    .map((order) => {
      let total = 0
      for (const { price, count = 1 } of order.items) total += price * count
      return { ...order, total }
    })

export interface Reading {
  readonly room: string
  readonly celsius: number
}

/** The number of a meter and its kilowatt-hours, at a place in a file. */
const meterAt = (bytes: Buffer, at: number): readonly [string, number] => [
  String(bytes.readUInt32BE(at)),
  bytes.readDoubleBE(at + 4),
]

export const readings = (): readonly (readonly [string, number])[] => {
  const read: (readonly [string, number])[] = []
  const frames = readFileSync(join(examples, 'meters/gateway/monday.bin'))
  for (let at = 0; at < frames.length; at += 2 + frames.readUInt16BE(at))
    read.push(meterAt(frames, at + 2))
  const records = readFileSync(join(examples, 'meters/logger/monday.bin'))
  for (let at = 0; at < records.length; at += 12) read.push(meterAt(records, at))
  return read
}

export const hits = (): readonly (readonly [page: string, status: string])[] =>
  linesIn('access-log', 'access.log').flatMap((line) => {
    const [, request, rest] = line.split('"')
    return request === undefined
      ? []
      : [[request.split(' ')[1] ?? '', rest?.split(' ')[1] ?? ''] as const]
  })

interface Ride {
  readonly id: number
  readonly station: string
  readonly begin: number
  readonly minutes: number
}

/** The rides that count, in the order of their files. */
export const ridesIn = async (): Promise<readonly Ride[]> => {
  const directory = join(examples, 'rides')
  const rides: Ride[] = []
  for (const name of readdirSync(directory).toSorted())
    for await (const ride of avsc.createFileDecoder(join(directory, name))) rides.push(ride as Ride)
  return rides.filter(({ minutes }) => minutes > 0)
}
