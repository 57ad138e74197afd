/** Whether a name is hidden or temporary, and no object for a pipeline: see {@link ObjectSource}. */
export const isHiddenName = (name: string): boolean => name.startsWith('.') || name.startsWith('_') || name.endsWith('._COPYING_')
