/** Paths as a person in the current directory would write them. */
import { relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The text with paths as a person in the current directory would write them. */
export const withShownPaths = (text: string): string => {
  const directory = process.cwd() + sep
  return text.replaceAll(pathToFileURL(directory).href, '').replaceAll(directory, '')
}

/** A path as a person in the current directory would write it. */
export const shownPath = (path: string): string => {
  const from = relative(process.cwd(), path)
  return from === '' || from.startsWith('..') ? path : from
}
