/** The options of `millrace run`. */
import { pageOptions } from './ui/ui-options.ts'
import { usage } from './usage.ts'

/** The names of the options. */
export const RUN_OPTIONS: readonly string[] = [
  'once',
  'until-idle',
  'no-until-idle',
  'demo',
  'follow',
  'bind',
  'state',
  'parallelism',
  'ui',
  'no-ui',
  'json',
]

/** The options as the user wrote them. */
interface GivenOptions {
  readonly once?: boolean | undefined
  readonly 'until-idle'?: boolean | undefined
  readonly 'no-until-idle'?: boolean | undefined
  readonly demo?: boolean | undefined
  readonly follow?: boolean | undefined
  readonly bind?: readonly string[] | undefined
  readonly state?: string | undefined
  readonly parallelism?: string | undefined
  readonly ui?: string | undefined
  readonly 'no-ui'?: boolean | undefined
}

/** How to run a pipeline. */
export interface RunOptions {
  readonly once: boolean
  /** With `once`: whether time runs on until no key waits for a time-out. */
  readonly untilIdle: boolean
  /** Whether sources of text without a binding get made-up lines. */
  readonly demo: boolean
  /** Whether files are read while they grow. */
  readonly follow: boolean
  readonly bindings: readonly string[]
  readonly state: string | undefined
  /** How many tasks of a large batch run at the same time. Undefined: as the pipeline says. */
  readonly parallelism: number | undefined
  /** The port of the page; 0: any that is free. Undefined: no page. */
  readonly pagePort: number | undefined
}

/**
 * How the options say to run.
 *
 * @throws MillraceError `USAGE`.
 */
export const runOptions = (given: GivenOptions): RunOptions => {
  checkEnd(given)
  return {
    once: given.once === true,
    untilIdle: given['no-until-idle'] !== true,
    demo: given.demo === true,
    follow: given.follow === true,
    bindings: given.bind ?? [],
    state: given.state,
    parallelism: parallelismOf(given.parallelism),
    pagePort: pageOptions(given),
  }
}

const parallelismOf = (given: string | undefined): number | undefined => {
  if (given === undefined) return undefined
  if (/^[1-9]\d{0,2}$/.test(given)) return Number(given)
  throw usage(
    '--parallelism is not a count',
    given,
    'a whole number from 1 to 999',
    'for example --parallelism 4, or leave it out: then each processor core is used',
  )
}

/** Without `--once`, a run has no end to which time could run on. */
const checkEnd = (given: GivenOptions): void => {
  const [first, second] = (['until-idle', 'no-until-idle'] as const).filter(
    (option) => given[option] === true,
  )
  if (first === undefined) return
  if (second !== undefined)
    throw usage(
      `--${first} and --${second} contradict each other`,
      `--${first} --${second}`,
      'one of them',
      `leave one out. --once alone means --${first}`,
    )
  if (given.once === true) return
  throw usage(
    `--${first} says how a run with --once ends, and there is no --once`,
    `--${first}`,
    `--once --${first}`,
    `add --once, or leave out --${first}: a run without --once goes on until it is stopped`,
  )
}

/**
 * The one module of a command. A shell puts the matching paths in place of a pattern that is not
 * quoted. Then the first goes to the option before it, and the others look like modules.
 *
 * @throws MillraceError `USAGE`.
 */
export const oneModule = (
  name: string,
  [module, ...more]: readonly string[],
  bindings: readonly string[] = [],
): string => {
  if (module === undefined)
    throw usage(
      `millrace ${name} needs a module`,
      'nothing',
      'the path of one module',
      `for example: millrace ${name} word-count.ts`,
    )
  if (more.length === 0) return module
  const quoted = bindings[0] === undefined ? undefined : /^([^=]+)=/.exec(bindings[0])?.[1]
  throw usage(
    `millrace ${name} takes one module`,
    [module, ...more].join(' '),
    'the path of one module',
    quoted === undefined
      ? 'run the command once for each module'
      : 'run the command once for each module. If your shell has made these paths from a ' +
          `pattern, put the pattern in quotes: --bind '${quoted}=logs/*.log'`,
  )
}
