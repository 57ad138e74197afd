/** The options of the page. */
import { usage } from '../usage.ts'

/** What `millrace ui` serves, besides the application. */
export interface UiOptions {
  /** The module of the pipeline, for the drawing of the plan. */
  readonly module: string | undefined
  /** 0: any port that is free. */
  readonly port: number
}

const PORT_MAX = 65_535

const portOf = (option: string, given: string | undefined): number => {
  if (given === undefined) return 0
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Infinity
  if (port <= PORT_MAX) return port
  throw usage(
    `--${option} is not a port`,
    given,
    `a number from 1 to ${PORT_MAX}, or 0 for any port that is free`,
    `for example --${option} 4040`,
  )
}

/**
 * The port of the page of a run. Undefined: there is no page.
 *
 * @throws MillraceError `USAGE`.
 */
export const pageOptions = (given: {
  readonly ui?: string | undefined
  readonly 'no-ui'?: boolean | undefined
  readonly once?: boolean | undefined
}): number | undefined => {
  if (given['no-ui'] === true && given.ui !== undefined)
    throw usage(
      '--ui and --no-ui contradict each other',
      `--ui ${given.ui} --no-ui`,
      'one of them',
      'leave one out',
    )
  // A run that ends by itself has ended before somebody opens its page.
  if (given['no-ui'] === true || (given.once === true && given.ui === undefined)) return undefined
  return portOf('ui', given.ui)
}

/**
 * What `millrace ui` serves.
 *
 * @throws MillraceError `USAGE`.
 */
export const uiOptions = (
  [module, ...more]: readonly string[],
  { port }: { readonly port?: string | undefined },
): UiOptions => {
  if (more.length > 0)
    throw usage(
      'millrace ui takes one module',
      [module, ...more].join(' '),
      'at most one module',
      'serve each application by a command of its own',
    )
  return { module, port: portOf('port', port) }
}
