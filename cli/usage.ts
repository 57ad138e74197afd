import { MillraceError } from '../lib/base/errors.ts'
import { nearestTo } from '../lib/base/nearest.ts'

/** The error of a command line that is wrong. */
export const usage = (
  problem: string,
  value: unknown,
  allowed: string,
  fix: string,
): MillraceError => new MillraceError('USAGE', { problem, value, allowed, fix })

/** What was probably meant, as the beginning of a fix; or nothing. */
export const meant = (word: string, known: readonly string[]): string => {
  const near = nearestTo(word, known)
  return near === undefined ? '' : `did you mean ${near}? Otherwise `
}

/**
 * The name of a deployed application.
 *
 * @throws MillraceError `USAGE`.
 */
export const checkApp = (app: string): string => {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(app)) return app
  throw usage(
    'This cannot be the name of an application',
    app,
    'up to 64 letters, digits, "_", "." and "-"',
    'use the name that cdk deploy printed',
  )
}

/**
 * The directory of a new project.
 *
 * @throws MillraceError `USAGE`.
 */
export const oneDirectory = ([directory = '.', ...more]: readonly string[]): string => {
  if (more.length === 0) return directory
  throw usage(
    'millrace init makes one project',
    [directory, ...more].join(' '),
    'at most one directory',
    'for example: millrace init my-pipeline',
  )
}
