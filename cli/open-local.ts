import { localStore } from '../lib/access/local-store.ts'
import { lockStore } from '../lib/adapters/local/store-lock.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { HeadStore, lastTimeMs } from '../lib/state/head.ts'
import type { OpenApp } from './open-app.ts'

/**
 * Opens the application in a directory, calls `act`, and closes it. A process may run the
 * application meanwhile. Never creates a store.
 */
export const withLocal = async <T>(
  directory: string,
  act: (opened: OpenApp) => Promise<T>,
): Promise<T> => {
  const { app, store } = await localStore(directory)
  try {
    const clock = systemClock()
    return await act({
      location: directory,
      target: `--state ${directory}`,
      store,
      app,
      clock,
      lastMs: async () => lastTimeMs(await new HeadStore(store, app).read(), clock.now()),
      randomness: systemRandomness(),
      leaseMs: 0,
    })
  } finally {
    store.close()
  }
}

/** Calls `act` while no process runs the application, and none can start. */
export const withLock = async <T>(directory: string, act: () => Promise<T>): Promise<T> => {
  const lock = lockStore(directory, { create: false })
  try {
    return await act()
  } finally {
    lock.release()
  }
}
