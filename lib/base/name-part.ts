/**
 * Encodes a text with the characters allowed in the name of a blob. It can be decoded: UTF-8 where
 * possible, and each lone surrogate as `%u` and its code. The rights to blobs use the same form.
 *
 * @example namePart('my.app#seg') // 'my%2eapp%23seg'
 */
export const namePart = (text: string): string =>
  text.replace(/[^A-Za-z0-9_~-]/gu, (char) => {
    if (!char.isWellFormed()) return `%u${char.charCodeAt(0).toString(16)}`
    return encodeURIComponent(char).replace(/^[.!'()*]$/, (c) => `%${c.charCodeAt(0).toString(16)}`)
  })
