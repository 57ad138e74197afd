/** How a batch's files are named, and who may replace them: the same wherever they are kept. */
import { MillraceError } from '../base/errors.ts'
import { type Fence, isOlderFence } from '../ports/fence.ts'

/** The file that says that all parts are there, and who wrote them. */
export const SUCCESS_FILE = '_SUCCESS'

/** The file of a partition. */
export const partName = (partition: number): string => `part-${String(partition).padStart(5, '0')}`

/** The text of the `_SUCCESS` file. */
export const successOf = ({ app, generation, epoch }: Fence): Uint8Array =>
  Buffer.from(`${JSON.stringify({ app, generation, epoch })}\n`)

/** All files of one batch, by name, `_SUCCESS` last. */
export const outputFiles = (
  parts: readonly Uint8Array[],
  fence: Fence,
): ReadonlyMap<string, Uint8Array> => {
  const files = new Map(parts.map((bytes, index) => [partName(index), bytes]))
  return files.set(SUCCESS_FILE, successOf(fence))
}

/**
 * The fence in a `_SUCCESS` file, or undefined if it holds none: other programs write empty ones.
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

/**
 * Whether files that are there may be replaced. `success` is their `_SUCCESS` file, if there is
 * one.
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
          ? 'There are files that Millrace did not write'
          : `Another application, ${there.app}, has written here`,
      value: path,
      fix: 'give the output another place, or move those files away',
    })
  }
  if (!isOlderFence(fence, there)) return
  throw new MillraceError('OUTPUT_FENCED', {
    problem:
      `A newer attempt has written this output: generation ${there.generation}, epoch ` +
      `${there.epoch}`,
    value: path,
    allowed: 'only an attempt as new or newer may replace it',
    fix: 'nothing: the newer attempt goes on, and this one ends',
  })
}

/**
 * The names in the path of an output, none of which leads out of the tree or is hidden.
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
    problem: 'The path of an output leads out of its place, or is hidden',
    value: path,
    allowed: 'names with / between them, none empty or beginning with a dot',
    fix: 'give saveAsTextFiles a prefix such as results/totals',
  })
}
