/**
 * Raw Snappy data, as Avro has it in its blocks: a length, and then pieces that are given or copied
 * from before.
 */

const GIVEN = 0
const LONG_LENGTHS_FROM = 60

/** How many bytes an offset has, by the type of a copy. */
const OFFSET_BYTES = [0, 1, 2, 4] as const

const damaged = (): Error => new RangeError('the Snappy data is damaged')

/**
 * @param bytesMax The largest content.
 * @throws RangeError for damaged data, or a larger content.
 */
export const unsnappy = (data: Buffer, bytesMax: number): Buffer => {
  let at = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = data[at++]
    if (byte === undefined || shift > 28) throw damaged()
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length > bytesMax) throw new RangeError(`the content has more than ${bytesMax} bytes`)
  const content = Buffer.alloc(length)
  let made = 0
  while (at < data.length) {
    const tag = data[at++] as number
    const type = tag & 3
    if (type === GIVEN) {
      const code = tag >> 2
      const extra = code < LONG_LENGTHS_FROM ? 0 : code - LONG_LENGTHS_FROM + 1
      const size = (extra === 0 ? code : uint(data, at, extra)) + 1
      at += extra
      if (at + size > data.length || made + size > length) throw damaged()
      made += data.copy(content, made, at, at + size)
      at += size
      continue
    }
    const bytes = OFFSET_BYTES[type] as number
    const size = type === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const offset = uint(data, at, bytes) + (type === 1 ? (tag >> 5) * 256 : 0)
    at += bytes
    if (offset === 0 || offset > made || made + size > length) throw damaged()
    // The copy may overlap with what it makes.
    for (const end = made + size; made < end; made++)
      content[made] = content[made - offset] as number
  }
  if (made !== length) throw damaged()
  return content
}

const uint = (data: Buffer, at: number, bytes: number): number => {
  if (at + bytes > data.length) throw damaged()
  return data.readUIntLE(at, bytes)
}
