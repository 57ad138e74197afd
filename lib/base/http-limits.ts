/**
 * The longest body of a request, in bytes, also after it was decompressed. An event of Lambda has
 * at most 6 MB, in which bytes take a third more. The same everywhere: what a laptop takes, a
 * function takes too.
 */
export const HTTP_BODY_BYTES_MAX: number = 4 * 1024 * 1024
