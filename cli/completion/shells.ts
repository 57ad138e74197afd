/** The shells that can complete commands. */
import { usage } from '../usage.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const

/** A shell. */
export type Shell = (typeof SHELLS)[number]

/**
 * The shell that was named.
 *
 * @throws MillraceError `USAGE`.
 */
export const oneShell = ([shell, ...more]: readonly string[]): Shell => {
  const known = SHELLS.find((one) => one === shell)
  if (known !== undefined && more.length === 0) return known
  throw usage(
    'millrace completion needs a shell',
    shell === undefined ? 'nothing' : [shell, ...more].join(' '),
    SHELLS.join(', '),
    'for example: eval "$(millrace completion bash)"',
  )
}
