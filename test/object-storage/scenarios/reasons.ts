/** Why backends cannot play some scenarios. */
import type { Backend } from '../scenario.ts'

type Except = Readonly<Partial<Record<Backend, string>>>

/** Everything but a directory. */
export const onlyBuckets = (reason: string): Except => ({ directory: reason })

export const onlyDirectory = (reason: string): Except => ({
  simulated: reason,
  simulatedVersions: reason,
  emulator: reason,
  emulatorVersions: reason,
})

export const notOnEmulator = (reason: string): Except => ({
  emulator: reason,
  emulatorVersions: reason,
})

export const NO_EVENTS = 'a directory sends no notifications'
export const NO_APPEND = 'an object never grows'
export const COMPLETION = 'the emulator dates a multipart upload from its end'
