/** Numbers that look random and are the same in each run. */

/** Computes a number below 2^32 from another one. The mixer is of the SplitMix kind. */
export const mixed = (n: number): number => {
  let x = (n + 0x9e3779b9) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** Draws `count` different numbers below `of`. */
export const draw = (seed: number, count: number, of: number): readonly number[] => {
  const drawn = new Set<number>()
  for (let n = 0; drawn.size < count; n++) drawn.add(mixed(seed * 7_919_003 + n) % of)
  return [...drawn]
}
