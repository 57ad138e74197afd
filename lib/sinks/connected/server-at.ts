/** Servers, by the names that URLs give them. */

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|::1)\.?$/

/**
 * Names the server of a URL, the same for each spelling: `localhost:5432`. A URL without a port has
 * the default one.
 */
export const serverAt = (host: string, port: string, portElse: number): string => {
  const plain = decodeURIComponent(host).toLowerCase().replace(/\.$/, '')
  return `${LOOPBACK.test(plain) ? 'localhost' : plain}:${port === '' ? portElse : port}`
}
