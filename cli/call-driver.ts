import type { OpenApp } from './open-app.ts'

/** Whether the driver was called. */
export interface Called {
  /** For programs: nothing on this machine. */
  readonly object: { readonly called?: boolean }
  /** For people: a line that says why not; empty where there is nothing to say. */
  readonly note: string
}

/**
 * Calls the driver of a deployed application, so that what a command has changed is seen at once.
 * Only a help: the change is made, and the clock of the application calls the driver every minute
 * anyway.
 */
export const callDriver = async ({ app, deployed }: OpenApp): Promise<Called> => {
  if (deployed === undefined) return { object: {}, note: '' }
  try {
    await deployed.scheduleTriggers([{ app, scheduleMinute: true }])
    return { object: { called: true }, note: '' }
  } catch (error) {
    return {
      object: { called: false },
      note: `Its clock calls it within a minute; now it could not be called: ${(error as Error).message}\n`,
    }
  }
}
