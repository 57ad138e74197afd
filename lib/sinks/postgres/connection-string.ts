import { MillraceError } from '../../base/errors.ts'

/** What Amazon RDS keeps in a secret. */
interface RdsSecret {
  readonly username?: unknown
  readonly password?: unknown
  readonly host?: unknown
  readonly port?: unknown
  readonly dbname?: unknown
  readonly url?: unknown
}

const fieldsOf = (text: string): RdsSecret | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * The connection string that a secret holds: the text itself, its field `url`, or one made of the
 * fields that Amazon RDS writes. A string that is made asks for TLS.
 *
 * @throws MillraceError `OUTPUT_FAILED`, without the text.
 */
export const connectionStringOf = (text: string, secret: string): string => {
  if (URL.canParse(text)) return text
  const { url, username, password, host, port = 5432, dbname = 'postgres' } = fieldsOf(text) ?? {}
  if (typeof url === 'string' && URL.canParse(url)) return url
  if ([username, password, host].every((value) => typeof value === 'string')) {
    const [user, pass] = [username, password].map((value) => encodeURIComponent(String(value)))
    const server = `${String(host)}:${String(port)}`
    return `postgres://${user}:${pass}@${server}/${String(dbname)}?sslmode=verify-full`
  }
  throw new MillraceError('OUTPUT_FAILED', {
    problem: 'A secret has no connection string',
    value: secret,
    allowed:
      'postgres://USER:PASSWORD@HOST:PORT/DATABASE, or JSON with the field url, or with ' +
      'username, password, host, port and dbname as Amazon RDS writes it',
  })
}
