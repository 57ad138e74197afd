/** Locks the store in the directory given, says so, and holds the lock until it is killed. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { lockStore } from '../../../lib/adapters/local/store-lock.ts'

lockStore(process.argv[2] as string)
// Nobody refers to the lock any more: it must be held all the same.
setFlagsFromString('--expose-gc')
;(runInNewContext('gc') as () => void)()
setInterval(() => undefined, 60_000)
setImmediate(() => process.stdout.write('locked\n'))
