import type { PartsTarget } from '../../rdd/write-target.ts'

const nothing = async (): Promise<void> => undefined

/** A target that encodes the parts of an output and writes nothing. All of it runs here. */
export const encodeOnly = (encode: PartsTarget['encode']): PartsTarget => ({
  isHere: true,
  encode,
  add: () => undefined,
  room: nothing,
  admit: nothing,
  pack: nothing,
  take: nothing,
  finish: nothing,
  abandon: nothing,
})
