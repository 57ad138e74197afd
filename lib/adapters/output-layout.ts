/**
 * The names of the files of a batch, and the rules for who may replace them. They are the same for
 * every storage.
 */
import { MillraceError } from '../base/errors.ts'
import { type Fence, isOlderFence } from '../ports/fence.ts'

/** The file that marks a batch as complete. It names the attempt that wrote it, and its parts. */
export const SUCCESS_FILE = '_SUCCESS'

/** The same file before the batch is published. It is hidden from readers by its first letter. */
export const ATTEMPT_FILE = '_ATTEMPT'

/**
 * In the place of a batch whose files are spread: below which path, and `_SUCCESS` of the run that
 * it replaces.
 */
export const SPREAD_FILE = '_SPREAD'

/** The file of a partition. */
export const partName = (partition: number): string => `part-${String(partition).padStart(5, '0')}`

/** The text of the `_SUCCESS` file: the attempt, and the names of all files of the batch. */
export const successOf = (
  { app, generation, epoch }: Fence,
  parts: readonly string[],
): Uint8Array => Buffer.from(`${JSON.stringify({ app, generation, epoch, parts })}\n`)

/** The names of a number of parts. */
export const partNames = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, partition) => partName(partition))

/**
 * The fence in a `_SUCCESS` file; undefined if the file has none, because other programs write
 * empty ones.
 */
export const fenceIn = (success: Uint8Array): Fence | undefined => {
  try {
    const { app, generation, epoch } = JSON.parse(
      Buffer.from(success).toString('utf8'),
    ) as Partial<Fence>
    const isFence =
      typeof app === 'string' && Number.isSafeInteger(generation) && Number.isSafeInteger(epoch)
    return isFence ? { app, generation: generation as number, epoch: epoch as number } : undefined
  } catch {
    return undefined
  }
}

/** The names of the parts in a `_SUCCESS` file. */
export const partsIn = (success: Uint8Array): readonly string[] =>
  (JSON.parse(Buffer.from(success).toString('utf8')) as { parts: readonly string[] }).parts

/** Whether the attempt with this fence wrote a `_SUCCESS` file. */
export const isOf = (success: Uint8Array, { app, generation, epoch }: Fence): boolean => {
  const by = fenceIn(success)
  return by?.app === app && by.generation === generation && by.epoch === epoch
}

/**
 * Checks that existing files may be replaced. `success` is their `_SUCCESS` file, if it exists.
 *
 * Errors: `OUTPUT_EXISTS`, `OUTPUT_FENCED`.
 */
export const checkReplaceable = (
  path: string,
  success: Uint8Array | undefined,
  fence: Fence,
): void => {
  const there = success === undefined ? undefined : fenceIn(success)
  if (there?.app !== fence.app) {
    throw new MillraceError('OUTPUT_EXISTS', {
      problem:
        there === undefined
          ? 'There are already files that Millrace did not write'
          : `Another application, ${there.app}, has written here`,
      value: path,
      fix: 'use another path for the output, or move those files away',
    })
  }
  if (!isOlderFence(fence, there)) return
  throw new MillraceError('OUTPUT_FENCED', {
    problem:
      `A newer attempt has written this output: generation ${there.generation}, epoch ` +
      `${there.epoch}`,
    value: path,
    allowed: 'only the same or a newer attempt may replace it',
    fix: 'nothing to do: the newer attempt continues, and this one ends',
  })
}

/**
 * Splits the path of an output into names. No name may be hidden, and the path may not leave the
 * directory of the outputs.
 *
 * Errors: `ARGUMENT_INVALID`.
 */
export const outputNames = (path: string): readonly string[] => {
  const names = path.split('/')
  const isAllowed = names.every(
    (name) => name !== '' && !name.startsWith('.') && !/[\0\\]/.test(name),
  )
  if (isAllowed) return names
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'The path of an output leaves its directory, or is hidden',
    value: path,
    allowed: 'names separated by /, none of them empty or beginning with a dot',
    fix: 'give saveAsTextFiles a prefix such as results/totals',
  })
}
