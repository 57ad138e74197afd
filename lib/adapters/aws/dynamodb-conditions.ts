/** The condition of a compare-and-set and the range of a query, as DynamoDB expressions. */
import type { PutItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { Item, Query } from '../../ports/item-store.ts'
import { type Row, toStoredValue } from './dynamodb-row.ts'
import { toStoredName, toStoredText } from './dynamodb-text.ts'

/**
 * The condition that every attribute in `seen` is stored with that exact value; see
 * `ItemStore.compareAndSet`.
 */
export const seenCondition = (seen: Item | 'absent'): Partial<PutItemCommandInput> => {
  if (seen === 'absent') return { ConditionExpression: 'attribute_not_exists(pk)' }
  const parts = ['attribute_exists(pk)']
  const names: Record<string, string> = {}
  const values: Row = {}
  for (const [index, [name, value]] of Object.entries(seen).entries()) {
    names[`#n${index}`] = toStoredName(name)
    if (value !== undefined) values[`:v${index}`] = toStoredValue(name, value)
    parts.push(value === undefined ? `attribute_not_exists(#n${index})` : `#n${index} = :v${index}`)
  }
  return {
    ConditionExpression: parts.join(' AND '),
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  }
}

const compareBytes = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b))

/** What a query gives of each item: its key, and the attributes that the query names. */
export const queryProjection = ({ attributes }: Query): Partial<QueryCommandInput> => {
  if (attributes === undefined) return {}
  const names = attributes.map((name, index) => [`#p${index}`, toStoredName(name)] as const)
  return {
    ProjectionExpression: ['pk', 'sk', ...names.map(([short]) => short)].join(', '),
    ...(names.length === 0 ? {} : { ExpressionAttributeNames: Object.fromEntries(names) }),
  }
}

/**
 * The range of a query. DynamoDB takes one condition on a sort key. If both are given, the stricter
 * one goes into the expression, and the caller stops at the first key that does not begin with the
 * prefix.
 */
export const queryRange = (partition: string, query: Query): Partial<QueryCommandInput> =>
  query.isDescending === true ? rangeBack(partition, query) : rangeOnward(partition, query)

const rangeBack = (partition: string, { before = '' }: Query): Partial<QueryCommandInput> => ({
  ...keyCondition(
    toStoredText(partition),
    before === '' ? '' : 'sk < :bound',
    toStoredText(before),
  ),
  ScanIndexForward: false,
})

const rangeOnward = (partition: string, query: Query): Partial<QueryCommandInput> => {
  const [pk, prefix, after] = [partition, query.prefix ?? '', query.after ?? ''].map(
    toStoredText,
  ) as [string, string, string]
  const [condition, bound] =
    after !== '' && compareBytes(after, prefix) >= 0
      ? ['sk > :bound', after]
      : prefix === ''
        ? ['', '']
        : ['begins_with(sk, :bound)', prefix]
  return keyCondition(pk, condition, bound)
}

const keyCondition = (
  pk: string,
  condition: string,
  bound: string,
): Partial<QueryCommandInput> => ({
  KeyConditionExpression: condition === '' ? 'pk = :pk' : `pk = :pk AND ${condition}`,
  ExpressionAttributeValues: {
    ':pk': { S: pk },
    ...(condition === '' ? {} : { ':bound': { S: bound } }),
  },
})
