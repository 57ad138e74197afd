import {
  CHANGE_LANE,
  type TableStreamLocation,
} from '../../../runtime/sources/dynamodb-stream/event.ts'
import '../../../runtime/sources/dynamodb-stream/kind.ts'
import {
  isWanted,
  type TableRecord,
  textOf,
} from '../../../runtime/sources/dynamodb-stream/records.ts'
import { type Feed, registerFeed, type Waiting } from './feed.ts'

type Image = Readonly<Record<string, unknown>>

/** A change of an item, with plain values. */
export interface TestChange {
  readonly keys: Image
  /** Default: `'INSERT'`, `'MODIFY'` or `'REMOVE'`, as the images say. */
  readonly event?: 'INSERT' | 'MODIFY' | 'REMOVE'
  readonly oldImage?: Image
  readonly newImage?: Image
  /** A change with an id that was there before counts no more. Default: an id of its own. */
  readonly id?: string
}

const isImage = (value: unknown): value is Image =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isChange = (value: unknown): value is TestChange =>
  isImage(value) && 'keys' in value && isImage(value['keys'])

/** The attribute for a plain value. */
const attributeOf = (value: unknown): object => {
  if (typeof value === 'number' || typeof value === 'bigint') return { N: String(value) }
  if (typeof value === 'boolean') return { BOOL: value }
  if (value === null || value === undefined) return { NULL: true }
  if (value instanceof Uint8Array) return { B: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return { L: value.map(attributeOf) }
  return isImage(value) ? { M: attributesOf(value) } : { S: String(value) }
}

const attributesOf = (image: Image): object =>
  Object.fromEntries(Object.entries(image).map(([name, value]) => [name, attributeOf(value)]))

const eventOf = ({ event, oldImage, newImage }: TestChange): string => {
  if (event !== undefined) return event
  if (oldImage === undefined) return 'INSERT'
  return newImage === undefined ? 'REMOVE' : 'MODIFY'
}

/** Changes go through intake as those in events of Lambda do. */
class ChangesFeed implements Feed {
  readonly takesFiles = false
  #number = 0

  takes(element: unknown): boolean {
    return isChange(element)
  }

  async deliver(waiting: readonly Waiting[], nodes: Parameters<Feed['deliver']>[1]): Promise<void> {
    const records = waiting.flatMap(({ elements, arrivedMs }) =>
      elements.filter(isChange).map((change) => this.#recordOf(change, arrivedMs)),
    )
    for (const { declared, intake } of nodes) {
      const wanted = records.filter((record) => isWanted(record, declared))
      const messages = wanted.map((record) => ({ id: record.eventID, body: textOf(record) }))
      if (messages.length > 0) await intake.appendAtTail(CHANGE_LANE, messages)
    }
  }

  #recordOf(change: TestChange, arrivedMs: number): TableRecord & { readonly eventID: string } {
    const { keys, oldImage, newImage, id } = change
    this.#number += 1
    const dynamodb = {
      ApproximateCreationDateTime: Math.floor(arrivedMs / 1_000),
      Keys: attributesOf(keys),
      ...(oldImage === undefined ? {} : { OldImage: attributesOf(oldImage) }),
      ...(newImage === undefined ? {} : { NewImage: attributesOf(newImage) }),
      SequenceNumber: String(this.#number),
    }
    return { eventID: id ?? `change-${this.#number}`, eventName: eventOf(change), dynamodb }
  }
}

registerFeed({
  kind: 'dynamodb-stream',
  location: (name): TableStreamLocation => ({ kind: 'dynamodb-stream', streamArn: name }),
  open: () => new ChangesFeed(),
})
