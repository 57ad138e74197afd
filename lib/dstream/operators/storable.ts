import { isMillraceError } from '../../base/errors.ts'
import { pack } from '../../base/packed.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { checkPair } from '../../rdd/pairs.ts'

/** Throws for an element that cannot be stored. */
export const checkStorable = (element: unknown): void => void pack(element)

/** Throws for a pair whose value cannot be stored. Its key is checked where keys are compared. */
export const checkStorableValue = (pair: readonly [unknown, unknown]): void =>
  checkStorable(checkPair(pair)[1])

/**
 * Stores what is made of an input. If a part of it cannot be stored, `store` is called again with
 * an input without the records for which `check` throws. So the check costs nothing as long as all
 * can be stored.
 */
export const storeChecked = async <T>(
  input: RDD<T>,
  check: (element: T) => void,
  store: (input: RDD<T>) => Promise<void>,
): Promise<void> => {
  try {
    await store(input)
  } catch (error) {
    if (!(isMillraceError(error) && error.code === 'VALUE_UNSUPPORTED')) throw error
    await store(input.checked(check))
  }
}
