import { describe, expect, test } from 'vitest'
import { expectedCompressions, recognise } from '../../../lib/formats/compression.ts'
import { zstdFrameAt } from '../../../lib/formats/zstd-frames.ts'

test.each<[string, string | undefined, readonly string[]]>([
  ['a', undefined, []],
  ['a.txt', 'utf-8', []],
  ['a.gz', undefined, ['gzip']],
  ['A.GZ', undefined, ['gzip']],
  ['a', 'GZIP', ['gzip']],
  ['a.zst', 'gzip', ['gzip', 'zstd']],
  ['a', 'gzip, zstd', ['zstd', 'gzip']],
  ['a', 'aws-chunked, gzip', ['gzip']],
  ['a.constructor', 'toString', []],
])('the labels %s and %s name, the outermost first: %j', (name, contentEncoding, expected) => {
  expect(expectedCompressions({ name, contentEncoding })).toEqual(expected)
})

describe('bytes whose labels say gzip', () => {
  const euro = Buffer.from('€')
  const emoji = Buffer.from('😀')
  test.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.alloc(0), 'plain'],
    ['text', Buffer.from('to be'), 'plain'],
    ['text whose last character is cut after one byte', euro.subarray(0, 1), 'plain'],
    ['text whose last character is cut after two bytes', euro.subarray(0, 2), 'plain'],
    ['text whose last character is cut after three bytes', emoji.subarray(0, 3), 'plain'],
    ['text of UTF-16, little end first', Buffer.from('\ufeffto be', 'utf16le'), 'plain'],
    ['text of UTF-16, big end first', Buffer.from('\ufeffto', 'utf16le').swap16(), 'plain'],
    ['text with a NUL', Buffer.from('to\0be'), 'corrupt'],
    ['the beginning of the magic number of gzip', Uint8Array.of(0x1f), 'corrupt'],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8), 'compressed'],
  ])('%s', (_, bytes, kind) => {
    expect(recognise(bytes, ['gzip']).kind).toBe(kind)
  })
})

/** Frames by RFC 8878, made by hand: the header by its flags, and one raw block of a byte. */
test.each<[string, number, readonly number[]]>([
  ['a window', 0x00, [0]],
  ['one segment, size in a byte', 0x20, [1]],
  ['a window, size in two bytes', 0x40, [0, 1, 0]],
  ['one segment, size in two bytes', 0x60, [1, 0]],
  ['one segment, size in four bytes', 0xa0, [1, 0, 0, 0]],
  ['one segment, size in eight bytes', 0xe0, [1, 0, 0, 0, 0, 0, 0, 0]],
  ['a dictionary id of one byte', 0x21, [7, 1]],
  ['a dictionary id of two bytes', 0x22, [7, 0, 1]],
  ['a dictionary id of four bytes', 0x23, [7, 0, 0, 0, 1]],
])('a frame of zstd ends where it ends: %s', (_, descriptor, header) => {
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...header, 0x09, 0, 0, 0x61])
  const end = frame.length
  expect(zstdFrameAt(Buffer.concat([frame, frame]), 0)).toEqual({ end, isSkippable: false })
})

test('frames without data are passed over, with any of their sixteen magic numbers', () => {
  for (let low = 0x50; low < 0x60; low++) {
    const frame = Buffer.from([low, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 0xff, 0xff])
    expect(zstdFrameAt(frame, 0)).toEqual({ end: 10, isSkippable: true })
    expect(zstdFrameAt(frame.subarray(0, 9), 0)).toEqual({ isSkippable: true })
  }
})
