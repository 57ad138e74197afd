import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Attributes, PlantedItem } from './table-sink.contract.ts'

type Row = Record<string, AttributeValue>

const valueOf = ({ S, N, BOOL, L, M }: AttributeValue): unknown => {
  if (M !== undefined) return attributesOf(M)
  return L?.map(valueOf) ?? S ?? (N === undefined ? (BOOL ?? null) : Number(N))
}

/** The attributes of a row of DynamoDB, as values of JavaScript. */
export const attributesOf = (row: Readonly<Row>): Attributes =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, valueOf(value)]))

/** The row of an item that a test puts into a table. */
export const rowOf = (item: PlantedItem): Row =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      typeof value === 'number' ? { N: String(value) } : { S: value },
    ]),
  )
