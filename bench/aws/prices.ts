/**
 * List prices of us-east-1 in November 2026, in dollars, without a free tier. Deleting an object is
 * free. A list costs as much as a put.
 */

/** The price of one call, message or unit, in dollars. */
export const PRICES = {
  writeUnit: 0.625 / 1e6,
  readUnit: 0.125 / 1e6,
  s3Put: 5 / 1e6,
  s3Get: 0.4 / 1e6,
  sqsRequest: 0.4 / 1e6,
  invocation: 0.2 / 1e6,
  /** arm64. */
  gigabyteSecond: 13.3334 / 1e6,
} as const

/** The price of one call of S3, in dollars. */
export const s3Price = (action: string): number => {
  if (action.startsWith('Delete')) return 0
  return action.startsWith('Put') || action.startsWith('List') ? PRICES.s3Put : PRICES.s3Get
}
