/** Single objects that a store refuses to give. A retry cannot help. */
import { isMillraceError, type MillraceError } from '../../base/errors.ts'

/**
 * Whether an error says that one object is refused: by its rights or its key, or because it is in
 * an archive.
 */
export const isRefusal = (error: unknown): error is MillraceError =>
  isArchived(error) || (isMillraceError(error) && error.code === 'OBJECT_REFUSED')

/** Whether an error says that an object is in an archive. Then nothing is wrong with the rights. */
export const isArchived = (error: unknown): error is MillraceError =>
  isMillraceError(error) && error.code === 'OBJECT_ARCHIVED'
