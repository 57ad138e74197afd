/**
 * Does several things at the same time, and waits for all of them whatever fails: nothing may go on behind the back of a caller that was
 * told of a failure, least of all when a function is frozen after its answer.
 *
 * @throws the first error, in the order of the work.
 */
export const together = async <T extends readonly unknown[]>(...work: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> => {
  const results = await Promise.allSettled(work as readonly Promise<unknown>[])
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T
}
