/** The least and the greatest of any number of numbers. `Math.min(...many)` fills the stack. */

/** The least number. Infinity: there are none. */
export const leastOf = (numbers: Iterable<number>): number => {
  let least = Infinity
  for (const number of numbers) least = Math.min(least, number)
  return least
}

/** The greatest number. -Infinity: there are none. */
export const greatestOf = (numbers: Iterable<number>): number => {
  let greatest = -Infinity
  for (const number of numbers) greatest = Math.max(greatest, number)
  return greatest
}
