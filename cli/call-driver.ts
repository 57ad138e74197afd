import type { OpenApp } from './open-app.ts'

/** The result of calling the driver. */
export interface Called {
  /** For programs. Empty for an application on this machine. */
  readonly object: { readonly called?: boolean }
  /** For the user: a line with the reason of a failure. Empty: there was no failure. */
  readonly note: string
}

/**
 * Calls the driver of a deployed application, so that it sees the change of a command at once. A
 * failure does no harm: the change is stored already, and the schedule calls the driver every
 * minute anyway.
 */
export const callDriver = async ({ app, deployed }: OpenApp): Promise<Called> => {
  if (deployed === undefined) return { object: {}, note: '' }
  try {
    await deployed.scheduleTriggers([{ app, scheduleMinute: true }])
    return { object: { called: true }, note: '' }
  } catch (error) {
    return {
      object: { called: false },
      note:
        'The driver could not be called now. The schedule calls it within a minute. Reason: ' +
        `${(error as Error).message}\n`,
    }
  }
}
