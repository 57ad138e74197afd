import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where this process may put files that nobody needs after it. The folder need not exist. */
export const temporaryFolder = (name: string): string => join(tmpdir(), `${name}-${process.pid}`)
