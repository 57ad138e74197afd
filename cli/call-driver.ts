import type { OpenApp } from './open-app.ts'

/** Whether the driver was called, for programs and for people. */
export interface Called {
  readonly called: { readonly called?: boolean }
  readonly text: string
}

/**
 * Calls the driver of a deployed application, so that what a command has changed is seen at once. Only a help: the change is made, and the
 * clock of the application calls the driver every minute anyway. `local` says when it is seen on this machine.
 */
export const callDriver = async ({ app, deployed }: OpenApp, local: string): Promise<Called> => {
  if (deployed === undefined) return { called: {}, text: local }
  try {
    await deployed.wind([{ app, wind: true }])
    return { called: { called: true }, text: 'it was called' }
  } catch (error) {
    return {
      called: { called: false },
      text: `its clock calls it within a minute, for it could not be called now: ${(error as Error).message}`,
    }
  }
}
