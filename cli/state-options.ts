/** `millrace state`: what to do with which state. */
import { meant, usage } from './usage.ts'

/** What to do. */
export type StateAction =
  | { readonly action: 'list' }
  | { readonly action: 'get'; readonly state: string; readonly key: string }
  | { readonly action: 'scan'; readonly state: string; readonly limit: number }
  | { readonly action: 'count'; readonly state: string }
  | {
      readonly action: 'export'
      readonly state: string
      readonly limit: number
      /** The file to write. Undefined: the standard output. */
      readonly to: string | undefined
    }
  | {
      readonly action: 'import'
      readonly state: string
      readonly file: string
      readonly merge: boolean
      readonly yes: boolean
      /** The batch whose state the file has. Undefined: any. */
      readonly ifBatchMs: number | undefined
    }

/** The part of the command that is its own. */
export interface StateCommand {
  readonly does: StateAction
}

interface GivenOptions {
  readonly limit?: string | undefined
  readonly to?: string | undefined
  readonly merge?: boolean | undefined
  readonly yes?: boolean | undefined
  readonly 'if-batch'?: string | undefined
}

/** What `scan` shows, unless `--limit` says more. */
const SCAN_LIMIT = 20

/** Each action with what follows it, and its options. */
const ACTIONS: Readonly<
  Record<string, { readonly words: readonly string[]; readonly options: readonly string[] }>
> = {
  get: { words: ['NAME', 'KEY'], options: [] },
  scan: { words: ['NAME'], options: ['limit'] },
  count: { words: ['NAME'], options: [] },
  export: { words: ['NAME'], options: ['limit', 'to'] },
  import: { words: ['NAME', 'FILE'], options: ['merge', 'yes', 'if-batch'] },
}

/** The names of the actions. */
export const STATE_ACTIONS: readonly string[] = Object.keys(ACTIONS)

const formOf = (action: string): string =>
  ['millrace state', action, ...(ACTIONS[action]?.words ?? [])].join(' ')

/**
 * What the words and options after `millrace state` mean.
 *
 * @throws MillraceError `USAGE`.
 */
export const stateAction = (words: readonly string[], options: GivenOptions): StateAction => {
  const [action, ...rest] = words
  if (action === undefined) {
    checkOptions('', [], options)
    return { action: 'list' }
  }
  const known = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
  if (known === undefined)
    throw usage(
      `millrace state cannot do this`,
      action,
      STATE_ACTIONS.map(formOf).join(', '),
      `${meant(action, STATE_ACTIONS)}see examples: millrace help state`,
    )
  checkOptions(` ${action}`, known.options, options)
  if (rest.length !== known.words.length)
    throw usage(
      `millrace state ${action} needs ${known.words.join(' and ')}, and no more`,
      rest.join(' ') || 'nothing',
      formOf(action),
      'put a key with spaces or quotes between single quotes; see millrace help state',
    )
  return actionOf(action, rest as [string, string], options)
}

const actionOf = (
  action: string,
  [state, second]: readonly [string, string],
  { limit, to, merge = false, yes = false, 'if-batch': ifBatch }: GivenOptions,
): StateAction => {
  switch (action) {
    case 'get':
      return { action, state, key: second }
    case 'scan':
      return { action, state, limit: limitOf(limit, SCAN_LIMIT) }
    case 'export':
      return { action, state, limit: limitOf(limit, Infinity), to }
    case 'import':
      return { action, state, file: second, merge, yes, ifBatchMs: batchOf(ifBatch) }
    default:
      return { action: 'count', state }
  }
}

const limitOf = (given: string | undefined, otherwise: number): number => {
  if (given === undefined) return otherwise
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given)
  throw usage('--limit must be a whole number', given, 'from 1', 'for example: --limit 100')
}

const batchOf = (given: string | undefined): number | undefined => {
  if (given === undefined) return undefined
  if (/^\d{1,15}$/.test(given)) return Number(given)
  throw usage(
    '--if-batch must be a batch time',
    given,
    'milliseconds, as batchMs of millrace state export --to FILE --json says',
    'for example: --if-batch 1700000000000',
  )
}

const checkOptions = (
  after: string,
  allowed: readonly string[],
  { limit, to, merge, yes, 'if-batch': ifBatch }: GivenOptions,
): void => {
  const foreign = Object.entries({ limit, to, merge, yes, 'if-batch': ifBatch }).find(
    ([name, value]) => value !== undefined && !allowed.includes(name),
  )
  if (foreign === undefined) return
  throw usage(
    `millrace state${after} has no option --${foreign[0]}`,
    `--${foreign[0]}`,
    ['app', 'state', 'json', ...allowed].map((name) => `--${name}`).join(', '),
    'see its options: millrace help state',
  )
}
