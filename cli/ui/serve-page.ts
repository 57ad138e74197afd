/** Serves the page on the loopback address of this machine, and nowhere else. */
import type { MillraceError } from '../../lib/base/errors.ts'
import { loadPackage } from '../../lib/base/load-package.ts'
import { usage } from '../usage.ts'
import type { PageSource } from './page-source.ts'

/** A page that is served. */
export interface ServedPage {
  readonly url: string
  /** Ends it, also while pages are open. */
  close(): void
}

const HOST = '127.0.0.1'

/**
 * Serves the page. Port 0: any free one.
 *
 * @throws MillraceError `USAGE` when the port is taken, `PACKAGE_MISSING`.
 */
export const servePage = async (source: PageSource, port: number): Promise<ServedPage> => {
  // Loaded only here: a command without a page does not need them.
  const { serve } = await loadPackage('The page', () => import('@hono/node-server'))
  const { pageApp } = await loadPackage('The page', () => import('./page-app.ts'))
  const ended = new AbortController()
  const { fetch } = pageApp(source, ended.signal)
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname: HOST, port }, ({ port: given }) =>
      resolve({
        url: `http://${HOST}:${given}/`,
        close: () => {
          ended.abort()
          server.close()
          if ('closeAllConnections' in server) server.closeAllConnections()
        },
      }),
    )
    // Nobody waits for the page when the run is over.
    server.unref()
    server.once('error', (error: NodeJS.ErrnoException) => reject(refusalOf(error, port)))
  })
}

const refusalOf = (error: NodeJS.ErrnoException, port: number): MillraceError =>
  usage(
    `The page cannot be served on this port (${error.code ?? error.message})`,
    String(port),
    'a port that nothing else listens on, and that you may use',
    'choose another one, or leave it out: then a free one is used',
  )
