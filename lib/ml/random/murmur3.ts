/** A round of MurmurHash3 for a word of 32 bits. */
const mixed = (hash: number, word: number): number => {
  const turned = Math.imul(word, 0xcc9e2d51)
  const next = hash ^ Math.imul((turned << 15) | (turned >>> 17), 0x1b873593)
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0
}

/**
 * MurmurHash3 for 32 bits of a text of bytes, one character for each, as a signed number.
 *
 * Source: MurmurHash3_x86_32 (Austin Appleby, public domain).
 */
export const murmur3 = (bytes: string, seed: number): number => {
  const { length } = bytes
  const words = length - (length % 4)
  let hash = seed
  let word = 0
  for (let i = 0; i < words; i += 4) {
    word = bytes.charCodeAt(i) | (bytes.charCodeAt(i + 1) << 8)
    word |= (bytes.charCodeAt(i + 2) << 16) | (bytes.charCodeAt(i + 3) << 24)
    hash = mixed(hash, word)
  }
  word = 0
  for (let i = length - 1; i >= words; i--) word = (word << 8) | bytes.charCodeAt(i)
  if (words < length) {
    const turned = Math.imul(word, 0xcc9e2d51)
    hash ^= Math.imul((turned << 15) | (turned >>> 17), 0x1b873593)
  }
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
