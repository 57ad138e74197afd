/**
 * Whether a name is hidden or temporary, and no object for a pipeline: see {@link ObjectSource}.
 */
export const isHiddenName = (name: string): boolean =>
  name.startsWith('.') || name.startsWith('_') || name.endsWith('._COPYING_')

/**
 * Whether a key below a prefix is an object for a pipeline: keys have no directories, so no part of
 * it may be hidden, nor may it be a folder.
 */
export const isWatchedKey = (key: string, prefix: string): boolean =>
  key.startsWith(prefix) &&
  !key.endsWith('/') &&
  key !== prefix &&
  !key.slice(prefix.length).split('/').some(isHiddenName)
