/**
 * A table of DynamoDB in memory, with the requests that Millrace makes. Takes the body of a
 * request, returns the body of the response, and counts its cost by the rules of the price list:
 *
 * - A write costs 1 unit per KB, rounded up. The larger size counts, before or after the write. A
 *   write whose condition fails costs the same.
 * - A strongly consistent read costs 1 unit per 4 KB, rounded up. For a query the sum of the items
 *   counts, whatever part of them it returns.
 * - In a batch each item counts by itself.
 *
 * Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats" and "Read and write
 * operations".
 */

/** A value in the JSON of DynamoDB. */
interface WireValue {
  readonly S?: string
  readonly N?: string
  readonly B?: string
  readonly BOOL?: boolean
}

type WireRow = Readonly<Record<string, WireValue>>

/** The body of a request, with the fields that this table reads. */
export interface TableRequest {
  readonly TableName?: string
  readonly ReturnConsumedCapacity?: string
  readonly Item?: WireRow
  readonly Key?: WireRow
  readonly ConditionExpression?: string
  readonly KeyConditionExpression?: string
  readonly ScanIndexForward?: boolean
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: WireRow
  readonly Limit?: number
  readonly RequestItems?: Readonly<
    Record<
      string,
      readonly {
        readonly PutRequest?: { Item: WireRow }
        readonly DeleteRequest?: { Key: WireRow }
      }[]
    >
  >
}

/** The cost of a call. */
export interface Units {
  readonly writeUnits: number
  readonly readUnits: number
}

/** What a call did to one item, or to one object of a bucket. */
export interface Touched {
  readonly kind: 'put' | 'delete' | 'read'
  readonly partition: string
  readonly sort: string
  /** The size that is priced, of the item or the object. */
  readonly bytes: number
  /** Write units. 0 for reads, and for objects. */
  readonly units: number
}

/** The response to a call. */
export interface TableAnswer extends Units {
  readonly status: number
  readonly body: object
  readonly touched: readonly Touched[]
}

const KB = 1_024
const READ_KB = 4

const valueBytes = ({ S, N, B }: WireValue): number => {
  if (S !== undefined) return Buffer.byteLength(S)
  // One byte for two digits, and one for sign and exponent.
  if (N !== undefined) return Math.ceil(N.replace(/[-.]|^0+/g, '').length / 2) + 1
  return B === undefined ? 1 : Buffer.byteLength(B, 'base64')
}

const rowBytes = (row: WireRow | undefined): number =>
  Object.entries(row ?? {}).reduce(
    (total, [name, value]) => total + Buffer.byteLength(name) + valueBytes(value),
    0,
  )

const unitsOf = (bytes: number, unitKb: number): number =>
  Math.max(1, Math.ceil(bytes / (unitKb * KB)))

/** Splits a condition at a word that is not inside parentheses. */
const splitOutside = (text: string, word: ' AND ' | ' OR '): readonly string[] => {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '(') depth += 1
    else if (text[index] === ')') depth -= 1
    else if (depth === 0 && text.startsWith(word, index)) {
      parts.push(text.slice(from, index))
      from = index + word.length
    }
  }
  return [...parts, text.slice(from)]
}

/** Whether a condition holds: parts joined by AND and OR, each about one attribute. */
const holds = (row: WireRow | undefined, request: TableRequest): boolean => {
  const {
    ConditionExpression,
    ExpressionAttributeNames: names = {},
    ExpressionAttributeValues: values = {},
  } = request
  const attribute = (name: string): WireValue | undefined => row?.[names[name] ?? name]
  const holdsPart = (text: string): boolean => {
    const any = splitOutside(text, ' OR ')
    if (any.length > 1) return any.some(holdsPart)
    const all = splitOutside(text, ' AND ')
    if (all.length > 1) return all.every(holdsPart)
    const [, presence, name = ''] =
      /^(attribute_exists|attribute_not_exists)\((.+)\)$/.exec(text) ?? []
    if (presence !== undefined)
      return (attribute(name) !== undefined) === (presence === 'attribute_exists')
    if (text.startsWith('(')) return holdsPart(text.slice(1, -1))
    const [left = '', operator = '', right = ''] = text.split(' ')
    const [there, value] = [attribute(left), values[right]]
    if (operator === '=') return JSON.stringify(there) === JSON.stringify(value)
    if (there?.N === undefined || value?.N === undefined) return false
    const difference = Number(there.N) - Number(value.N)
    return operator === '<' ? difference < 0 : difference <= 0
  }
  return ConditionExpression === undefined || holdsPart(ConditionExpression)
}

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const isInRange = (
  sort: string,
  { KeyConditionExpression = '', ExpressionAttributeValues = {} }: TableRequest,
): boolean => {
  const bound = ExpressionAttributeValues[':bound']?.S ?? ''
  if (KeyConditionExpression.includes('begins_with')) return sort.startsWith(bound)
  if (KeyConditionExpression.includes('sk <')) return compare(sort, bound) < 0
  return KeyConditionExpression.includes('sk >') ? compare(sort, bound) > 0 : true
}

/** A table. */
export class Table {
  readonly #partitions = new Map<string, Map<string, WireRow>>()

  /** Carries out a request. */
  answer(action: string, request: TableRequest): TableAnswer {
    switch (action) {
      case 'GetItem':
        return this.#get(request.Key ?? {})
      case 'Query':
        return this.#query(request)
      case 'PutItem':
        return this.#put(request)
      case 'BatchWriteItem':
        return this.#batch(request)
      default:
        throw new Error(`The table in memory does not know ${action}.`)
    }
  }

  #partition(row: WireRow): Map<string, WireRow> {
    // The items of a table of results have the one attribute `key` as their key.
    const name = row['pk']?.S ?? `=${row['key']?.S}`
    const partition = this.#partitions.get(name) ?? new Map<string, WireRow>()
    this.#partitions.set(name, partition)
    return partition
  }

  #get(key: WireRow): TableAnswer {
    const row = this.#partition(key).get(key['sk']?.S ?? '')
    return {
      status: 200,
      body: row === undefined ? {} : { Item: row },
      writeUnits: 0,
      readUnits: unitsOf(rowBytes(row), READ_KB),
      touched: [touch('read', key, rowBytes(row), 0)],
    }
  }

  #query(request: TableRequest): TableAnswer {
    const partition =
      this.#partitions.get(request.ExpressionAttributeValues?.[':pk']?.S ?? '') ??
      new Map<string, WireRow>()
    const direction = request.ScanIndexForward === false ? -1 : 1
    const sorted = [...partition].toSorted(([a], [b]) => direction * compare(a, b))
    const rows = sorted
      .flatMap(([sort, row]) => (isInRange(sort, request) ? [row] : []))
      .slice(0, request.Limit)
    const bytes = rows.reduce((total, row) => total + rowBytes(row), 0)
    return {
      status: 200,
      body: { Items: rows, Count: rows.length },
      writeUnits: 0,
      readUnits: unitsOf(bytes, READ_KB),
      touched: [
        {
          kind: 'read',
          partition: request.ExpressionAttributeValues?.[':pk']?.S ?? '',
          sort: '',
          bytes,
          units: 0,
        },
      ],
    }
  }

  #put(request: TableRequest): TableAnswer {
    const row = request.Item ?? {}
    const before = this.#partition(row).get(row['sk']?.S ?? '')
    if (!holds(before, request)) {
      const type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException'
      return {
        status: 400,
        body: { __type: type, message: 'no', Item: before },
        writeUnits: unitsOf(rowBytes(before), 1),
        readUnits: 0,
        touched: [],
      }
    }
    const touched = this.#write(row)
    return { status: 200, body: {}, writeUnits: touched.units, readUnits: 0, touched: [touched] }
  }

  #batch({ RequestItems = {} }: TableRequest): TableAnswer {
    const touched = Object.values(RequestItems)
      .flat()
      .flatMap(({ PutRequest, DeleteRequest }) => [
        ...(PutRequest === undefined ? [] : [this.#write(PutRequest.Item)]),
        ...(DeleteRequest === undefined ? [] : [this.#delete(DeleteRequest.Key)]),
      ])
    return {
      status: 200,
      body: { UnprocessedItems: {} },
      writeUnits: touched.reduce((total, { units }) => total + units, 0),
      readUnits: 0,
      touched,
    }
  }

  #write(row: WireRow): Touched {
    const partition = this.#partition(row)
    const sort = row['sk']?.S ?? ''
    const units = unitsOf(Math.max(rowBytes(partition.get(sort)), rowBytes(row)), 1)
    partition.set(sort, row)
    return touch('put', row, rowBytes(row), units)
  }

  #delete(key: WireRow): Touched {
    const partition = this.#partition(key)
    const sort = key['sk']?.S ?? ''
    const bytes = rowBytes(partition.get(sort))
    partition.delete(sort)
    return touch('delete', key, bytes, unitsOf(bytes, 1))
  }
}

const touch = (kind: Touched['kind'], row: WireRow, bytes: number, units: number): Touched => ({
  kind,
  partition: row['pk']?.S ?? `=${row['key']?.S}`,
  sort: row['sk']?.S ?? '',
  bytes,
  units,
})
