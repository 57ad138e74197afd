import { namePart } from './name-part.ts'

/**
 * The beginning of the names of blobs with large answers of executors. What is there may be deleted
 * after a day. No segment is there: after the name of the application, theirs go on with `%23`.
 *
 * @example answersPrefix('clicks') // 'clicks/answers/'
 */
export const answersPrefix = (app: string): string => `${namePart(app)}/answers/`
