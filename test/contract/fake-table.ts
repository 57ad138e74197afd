/**
 * A table of DynamoDB in the memory of the test, behind a real client: conditions are read and
 * checked as they go over the wire. It knows what conditional puts need, and nothing else.
 */
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Answer, type Call, fakeDynamodb } from '../unit/aws/fake-service.ts'

type Row = Readonly<Record<string, AttributeValue>>

interface Put {
  /** Of a put. */
  readonly Item?: Row
  /** Of an update. */
  readonly Key?: Row
  readonly UpdateExpression?: string
  readonly ConditionExpression?: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Row
}

/** A table, whose key is `key` if nothing else is said. */
export interface FakeTable {
  readonly client: DynamoDBClient
  /** What it holds, by key. */
  readonly rows: Map<string, Row>
  /** The keys of all puts, those that were refused too. */
  readonly puts: string[]
}

/** Reads `attribute_not_exists(#a) OR (#b = :c AND #d <= :e)` and says whether it holds. */
class Condition {
  readonly #words: string[]
  readonly #put: Put
  readonly #there: Row

  constructor(put: Put, there: Row) {
    this.#words = put.ConditionExpression?.match(/\(|\)|<=|<|=|[#:]?\w+(?:\.#\w+)*/g) ?? []
    this.#put = put
    this.#there = there
  }

  holds(): boolean {
    if (this.#words.length === 0) return true
    const holds = this.#anyOf()
    if (this.#words.length > 0) throw new Error(`not understood: ${this.#words.join(' ')}`)
    return holds
  }

  #anyOf(): boolean {
    let holds = this.#allOf()
    while (this.#take('OR')) holds = this.#allOf() || holds
    return holds
  }

  #allOf(): boolean {
    let holds = this.#one()
    while (this.#take('AND')) holds = this.#one() && holds
    return holds
  }

  #one(): boolean {
    if (this.#take('(')) {
      const holds = this.#anyOf()
      this.#must(')')
      return holds
    }
    if (!this.#take('attribute_not_exists')) return this.#comparison()
    this.#must('(')
    const isThere = this.#operand() !== undefined
    this.#must(')')
    return !isThere
  }

  #comparison(): boolean {
    const left = this.#operand()
    const sign = this.#words.shift()
    const right = this.#operand()
    if (left === undefined || right === undefined || typeof left !== typeof right) return false
    if (sign === '=') return left === right
    return sign === '<' ? left < right : left <= right
  }

  #operand(): string | number | undefined {
    const word = this.#words.shift() ?? ''
    const attribute = word.startsWith(':')
      ? this.#put.ExpressionAttributeValues?.[word]
      : this.#attributeAt(word.split('.'))
    if (attribute?.M !== undefined) return 'a map'
    return attribute?.N === undefined ? attribute?.S : Number(attribute.N)
  }

  #attributeAt(words: readonly string[]): AttributeValue | undefined {
    let row: Row | undefined = this.#there
    let found: AttributeValue | undefined
    for (const word of words) {
      found = row?.[this.#put.ExpressionAttributeNames?.[word] ?? word]
      row = found?.M
    }
    return found
  }

  #take(word: string): boolean {
    if (this.#words[0] !== word) return false
    this.#words.shift()
    return true
  }

  #must(word: string): void {
    if (!this.#take(word)) throw new Error(`${word} was expected, not ${this.#words[0]}`)
  }
}

/** DynamoDB refuses names and values that no expression uses. */
const checkAllUsed = (put: Put): void => {
  const given = { ...put.ExpressionAttributeNames, ...put.ExpressionAttributeValues }
  const text = `${put.ConditionExpression} ${put.UpdateExpression}`
  const words: readonly string[] = text.match(/[#:]\w+/g) ?? []
  const unused = Object.keys(given).filter((name) => !words.includes(name))
  if (unused.length > 0) throw new Error(`unused in expressions: ${unused.join(', ')}`)
}

/** What `SET #a = :a, #b = :b` makes of an item, or what is put. */
const changed = (put: Put, there: Row | undefined): Row => {
  const sets = put.UpdateExpression?.replace(/^SET /, '').split(', ') ?? []
  const fields = sets.map((set): [string, AttributeValue] => {
    const [name = '', value = ''] = set.split(' = ')
    return [
      put.ExpressionAttributeNames?.[name] ?? '',
      put.ExpressionAttributeValues?.[value] as AttributeValue,
    ]
  })
  return put.Item ?? { ...there, ...put.Key, ...Object.fromEntries(fields) }
}

/** An empty table. `keyNames`: its key attributes. `isThrottled`: whether a call is refused. */
export const fakeTable = (
  keyNames: readonly string[] = ['key'],
  isThrottled: () => boolean = () => false,
): FakeTable => {
  const rows = new Map<string, Row>()
  const puts: string[] = []
  const answer = ({ action, body }: Call): Answer => {
    if (action !== 'PutItem' && action !== 'UpdateItem')
      throw new Error(`not understood: ${action}`)
    if (isThrottled())
      return {
        status: 400,
        body: {
          __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
          message: 'slow down',
        },
      }
    const put = JSON.parse(body) as Put
    const given = put.Item ?? put.Key
    const key = keyNames.map((name) => String(given?.[name]?.S ?? given?.[name]?.N)).join('/')
    const there = rows.get(key)
    puts.push(key)
    checkAllUsed(put)
    if (!new Condition(put, there ?? {}).holds())
      return {
        status: 400,
        body: {
          __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
          message: 'The conditional request failed',
          Item: there,
        },
      }
    rows.set(key, changed(put, there))
    return { status: 200, body: {} }
  }
  return { client: fakeDynamodb(answer), rows, puts }
}
