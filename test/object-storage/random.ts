/** Draws from lists, the same for the same seed (mulberry32). */
export const random = (seed: number): (<T>(all: readonly T[]) => T) => {
  let state = seed * 2_654_435_761
  return (all) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    const share = ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    return all[Math.floor(share * all.length)] as (typeof all)[number]
  }
}
