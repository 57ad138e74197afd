/**
 * The first byte of every encoded value. These numbers never change, because stores contain them.
 */
export const tags = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  integer: 4,
  float: 5,
  text: 6,
  utf16: 7,
  bigint: 8,
  date: 9,
  array: 10,
  object: 11,
  bare: 12,
  map: 13,
  set: 14,
  bytes: 15,
  buffer: 16,
  /** Before an array or object that is frozen. */
  frozen: 17,
  /** A structured key as its canonical encoding. */
  codedKey: 18,
} as const
