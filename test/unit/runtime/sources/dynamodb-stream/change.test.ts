import { dynamodbStream, type DynamodbStreamOptions } from 'millrace/dynamodb-streams'
import { describe, expect, test } from 'vitest'
import { changeOf } from '../../../../../lib/dstream/sources/dynamodb-change.ts'

const valueOf = (attribute: object): unknown =>
  changeOf(
    JSON.stringify({
      eventName: 'INSERT',
      dynamodb: { Keys: { id: { S: 'a' } }, NewImage: { value: attribute } },
    }),
  ).newImage?.['value']

describe('an attribute is a plain value', () => {
  test.each<[object, unknown]>([
    [{ S: 'tea' }, 'tea'],
    [{ N: '12.5' }, 12.5],
    [{ N: '-7' }, -7],
    [{ N: '0.0000001' }, 1e-7],
    [{ N: '110111111111111110000000000000000000000' }, 110111111111111110000000000000000000000n],
    [{ N: '1E+3' }, 1_000],
    [{ N: '9007199254740993' }, 9_007_199_254_740_993n],
    [{ N: '-99999999999999999999' }, -99_999_999_999_999_999_999n],
    [{ N: '0.1234567890123456789' }, 0.123_456_789_012_345_68],
    [{ BOOL: false }, false],
    [{ NULL: true }, null],
    [{ B: 'AQI=' }, Uint8Array.of(1, 2)],
    [{ SS: ['a', 'b'] }, ['a', 'b']],
    [{ NS: ['1', '9007199254740993'] }, [1, 9_007_199_254_740_993n]],
    [{ BS: ['AQ=='] }, [Uint8Array.of(1)]],
    [{ L: [{ S: 'a' }, { L: [] }] }, ['a', []]],
    [{ M: { a: { M: { b: { N: '1' } } } } }, { a: { b: 1 } }],
  ])('%j', (attribute, value) => expect(valueOf(attribute)).toEqual(value))

  test('under any name', () => {
    const text = '{"M":{"__proto__":{"S":"a"},"constructor":{"N":"1"}}}'
    const value = valueOf(JSON.parse(text) as object) as object
    expect(Object.entries(value)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 1],
    ])
  })

  test.each([[{ X: 1 }], [{}], [{ toString: 1 }], [{ N: 'seven' }]])('%j is none', (attribute) => {
    expect(() => valueOf(attribute)).toThrow(SyntaxError)
  })
})

describe('a change', () => {
  const record = {
    eventID: '1',
    eventName: 'MODIFY',
    dynamodb: {
      ApproximateCreationDateTime: 1_700_000_000,
      Keys: { id: { S: 'a' } },
      OldImage: { id: { S: 'a' }, n: { N: '1' } },
      NewImage: { id: { S: 'a' }, n: { N: '2' } },
      SequenceNumber: '100000000003498069978',
    },
  }

  test('has its keys and images', () => {
    expect(changeOf(JSON.stringify(record))).toEqual({
      event: 'MODIFY',
      keys: { id: 'a' },
      oldImage: { id: 'a', n: 1 },
      newImage: { id: 'a', n: 2 },
      sequenceNumber: '100000000003498069978',
      time: new Date(1_700_000_000_000),
      isExpired: false,
    })
  })

  test.each([
    ['seconds, as Lambda has them', 1_700_000_000],
    ['milliseconds, as Kinesis has them', 1_700_000_000_000],
    ['microseconds, as Kinesis may have them', 1_700_000_000_000_000],
  ])('has its time in %s', (_, ApproximateCreationDateTime) => {
    const dynamodb = { ...record.dynamodb, ApproximateCreationDateTime }
    expect(changeOf(JSON.stringify({ ...record, dynamodb })).time).toEqual(
      new Date(1_700_000_000_000),
    )
  })

  test.each([
    ['REMOVE', { type: 'Service', principalId: 'dynamodb.amazonaws.com' }, true],
    ['REMOVE', null, false],
    ['MODIFY', { type: 'Service', principalId: 'dynamodb.amazonaws.com' }, false],
  ])('%s by %j has expired: %s', (eventName, userIdentity, isExpired) => {
    expect(changeOf(JSON.stringify({ ...record, eventName, userIdentity }))).toMatchObject({
      isExpired,
    })
  })

  test.each(['', '{}', 'null', '[]', '{"eventName":"PUT","dynamodb":{"Keys":{}}}'])(
    '%j is none',
    (text) => expect(() => changeOf(text)).toThrow(SyntaxError),
  )
})

test.each<[object]>([
  [{ events: [] }],
  [{ events: ['PUT'] }],
  [{ events: 'INSERT' }],
  [{ view: 'ALL' }],
  [{ startFrom: 'latest' }],
  [{ decode: 'x' }],
])('dynamodbStream refuses %j', (options) => {
  const given = options as DynamodbStreamOptions
  expect(() => dynamodbStream('orders', given)).toThrow(
    expect.objectContaining({ code: 'ARGUMENT_INVALID' }) as Error,
  )
})
