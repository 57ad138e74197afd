/** All scenarios, in the order of the table. */
import type { Group } from '../scenario.ts'
import { again } from './again.ts'
import { archives } from './archives.ts'
import { contents } from './contents.ts'
import { events } from './events.ts'
import { names } from './names.ts'
import { renames } from './renames.ts'
import { times } from './times.ts'

export const GROUPS: readonly Group[] = [names, contents, again, renames, times, events, archives]
