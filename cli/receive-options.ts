/** The options of `millrace receive`. */
import { checkApp, usage } from './usage.ts'

/** The options as the user wrote them. */
interface GivenOptions {
  readonly app?: string | undefined
  readonly as?: string | undefined
  readonly bind?: readonly string[] | undefined
  readonly follow?: boolean | undefined
  readonly once?: boolean | undefined
}

/** What to feed, and how. */
export interface ReceiveOptions {
  /** The deployed application. */
  readonly app: string
  /** Tells this process from others that feed the same source. Undefined: there is one. */
  readonly as: string | undefined
  readonly bindings: readonly string[]
  readonly follow: boolean
  readonly once: boolean
}

/**
 * What the options say.
 *
 * @throws MillraceError `USAGE`.
 */
export const receiveOptions = (given: GivenOptions): ReceiveOptions => {
  const { app, as } = given
  if (app === undefined)
    throw usage(
      'millrace receive needs a deployed application',
      'nothing',
      '--app NAME',
      'for example: millrace receive pipeline.ts --app clicks --bind lines=-',
    )
  if (as !== undefined && !/^[A-Za-z0-9][\w.-]{0,63}$/.test(as))
    throw usage(
      'This cannot be the name of a receiver',
      as,
      'up to 64 letters, digits, "_", "." and "-"',
      'for example --as edge-1. Keep it when you start the process again',
    )
  return {
    app: checkApp(app),
    as,
    bindings: given.bind ?? [],
    follow: given.follow === true,
    once: given.once === true,
  }
}
