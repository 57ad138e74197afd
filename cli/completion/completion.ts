/** `millrace completion`: the script with which a shell completes commands and options. */
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import type { Shell } from './shells.ts'
import { completedCommands } from './words.ts'
import { zshCompletion } from './zsh.ts'

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** The script for a shell. */
export const completionScript = (shell: Shell): string => SCRIPTS[shell](completedCommands())
