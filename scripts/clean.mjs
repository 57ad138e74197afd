// Removes the output of `npm run build`, so that a package never contains a file whose source is
// gone.

import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
