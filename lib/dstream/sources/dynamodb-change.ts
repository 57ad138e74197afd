/**
 * From the text of a record of a table's stream to a change. The text is JSON in the form of
 * Lambda's events, which files and streams of Kinesis have too.
 */

/**
 * A value of an attribute.
 *
 * @example const total: ChangeValue = 12.5
 */
export type ChangeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly ChangeValue[]
  | { readonly [name: string]: ChangeValue }

/**
 * A change of an item of a table, as `dynamodbStream` gives it. Attributes are plain values: a
 * number is a number, or a bigint if it is a whole number that a number cannot hold; bytes are a
 * `Uint8Array`; a set is an array.
 *
 * @example const isDeleted = ({ event }: DynamodbChange): boolean => event === 'REMOVE'
 */
export interface DynamodbChange {
  readonly event: 'INSERT' | 'MODIFY' | 'REMOVE'
  /** The primary key of the item. */
  readonly keys: Readonly<Record<string, ChangeValue>>
  /** The item before. Undefined: there was none, or the stream does not have it. */
  readonly oldImage?: Readonly<Record<string, ChangeValue>>
  /** The item after. Undefined: there is none, or the stream does not have it. */
  readonly newImage?: Readonly<Record<string, ChangeValue>>
  /** Grows with each change of an item. Decimal digits, to be compared as a BigInt. */
  readonly sequenceNumber: string
  /** When DynamoDB made the change, to the second. */
  readonly time: Date
  /**
   * Whether DynamoDB deleted the item because its time to live was over. In a global table, only
   * the stream of the region in which DynamoDB deleted the item says so. In the streams of the
   * other regions, it looks like any other deletion.
   */
  readonly isExpired: boolean
}

/** An attribute as DynamoDB writes it in JSON: its type, and its value. */
type Attribute = Readonly<Record<string, unknown>>

const numberOf = (digits: string): number | bigint => {
  const number = Number(digits)
  if (Number.isNaN(number)) throw new SyntaxError(`${digits} is not a number`)
  return Number.isSafeInteger(number) || !/^-?\d+$/.test(digits) ? number : BigInt(digits)
}

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))

const VALUES: Readonly<Record<string, (value: never) => ChangeValue>> = {
  S: (text: string) => text,
  N: numberOf,
  B: bytesOf,
  BOOL: (value: boolean) => value,
  NULL: () => null,
  SS: (texts: readonly string[]) => texts,
  NS: (numbers: readonly string[]) => numbers.map(numberOf),
  BS: (all: readonly string[]) => all.map(bytesOf),
  L: (list: readonly Attribute[]) => list.map(valueOf),
  M: (map: Readonly<Record<string, Attribute>>) => imageOf(map),
}

const valueOf = (attribute: Attribute): ChangeValue => {
  const [entry] = Object.entries(attribute)
  const [type, value] = entry ?? ['none', undefined]
  const toValue = Object.hasOwn(VALUES, type) ? VALUES[type] : undefined
  if (toValue === undefined) throw new SyntaxError(`DynamoDB has no attributes of the type ${type}`)
  return toValue(value as never)
}

/** Names of attributes are the user's, so `__proto__` must be one too. */
const imageOf = (
  image: Readonly<Record<string, Attribute>>,
): Readonly<Record<string, ChangeValue>> =>
  Object.fromEntries(Object.entries(image).map(([name, value]) => [name, valueOf(value)]))

interface StoredChange {
  readonly eventName: DynamodbChange['event']
  readonly userIdentity?: { readonly type?: string; readonly principalId?: string } | null
  readonly dynamodb: {
    readonly ApproximateCreationDateTime?: number
    readonly Keys: Readonly<Record<string, Attribute>>
    readonly OldImage?: Readonly<Record<string, Attribute>>
    readonly NewImage?: Readonly<Record<string, Attribute>>
    readonly SequenceNumber?: string
  }
}

/** From here on, a time is in milliseconds, or in microseconds: so Kinesis has it. */
const MS_FROM = 1e11
const US_FROM = 1e14

const timeOf = (time: number): Date => {
  if (time >= US_FROM) return new Date(time / 1_000)
  return new Date(time >= MS_FROM ? time : time * 1_000)
}

/** The change in a record. Throws if the text is none. */
export const changeOf = (text: string): DynamodbChange => {
  const { eventName, userIdentity, dynamodb } = (JSON.parse(text) ?? {}) as StoredChange
  if (!/^(INSERT|MODIFY|REMOVE)$/.test(eventName) || typeof dynamodb?.Keys !== 'object')
    throw new SyntaxError('this is no record of the stream of a table')
  const { Keys, OldImage, NewImage, SequenceNumber = '0' } = dynamodb
  return {
    event: eventName,
    keys: imageOf(Keys),
    ...(OldImage === undefined ? {} : { oldImage: imageOf(OldImage) }),
    ...(NewImage === undefined ? {} : { newImage: imageOf(NewImage) }),
    sequenceNumber: SequenceNumber,
    time: timeOf(dynamodb.ApproximateCreationDateTime ?? 0),
    isExpired:
      eventName === 'REMOVE' &&
      userIdentity?.type === 'Service' &&
      userIdentity.principalId === 'dynamodb.amazonaws.com',
  }
}
