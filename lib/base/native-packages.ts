/**
 * Packages with native code that a pipeline needs where its batches run. They cannot be bundled: a
 * part of the library that needs one says so here, and the construct brings it along.
 */
const needed = new Set<string>()

/** Says that the pipeline needs a package. */
export const needNativePackage = (name: string): void => void needed.add(name)

/** What the modules that were imported need. */
export const nativePackages = (): readonly string[] => [...needed].toSorted()
