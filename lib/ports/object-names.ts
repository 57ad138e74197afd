/** Whether a name is that of a copy which is not complete yet. */
export const isCopying = (name: string): boolean => name.endsWith('._COPYING_')

/**
 * Whether a name is hidden or temporary, so that pipelines ignore the object: see {@link
 * ObjectSource}.
 */
export const isHiddenName = (name: string): boolean =>
  name.startsWith('.') || name.startsWith('_') || isCopying(name)

/**
 * Whether a key below a prefix is an object for a pipeline. A bucket has no real directories, so
 * every part of the key is checked: no part may be hidden, and the key may not be a folder.
 */
export const isWatchedKey = (key: string, prefix: string): boolean =>
  key.startsWith(prefix) &&
  !key.endsWith('/') &&
  key !== prefix &&
  !key.slice(prefix.length).split('/').some(isHiddenName)
